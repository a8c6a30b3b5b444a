"""What the roles of the portal make of their settings."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Any

import pytest
import yaml

from broker.hostpaths import TLS_CERTIFICATE
from broker.portal.api.problem import ProblemDetails
from broker.portal.identity.limits import client_network

from .bundle import ROOT, load
from .test_templates import UNITS, plugins, render, settings, template

__all__ = ["plugins"]

SITE = "etc/nginx/sites-available/data-broker"
FACTS = {"distribution_major_version": "13"}


def site(**overrides: Any) -> str:
    given = {"nginx_host": "data.example.com", "ansible_facts": FACTS, **overrides}
    return template("nginx", SITE, **given)


def unit(**overrides: Any) -> list[str]:
    return settings(template("portal", f"{UNITS}/broker-portal.service", **overrides))


def test_the_portal_gets_its_secrets_as_credentials_and_none_as_a_value() -> None:
    lines = unit(portal_secrets={"GOOGLE": "canary"}, portal_host="data.example.com")
    folder = "/etc/data-broker/portal"
    assert f"LoadCredential=secret_key:{folder}/secret_key" in lines
    assert f"LoadCredential=GOOGLE:{folder}/credentials/GOOGLE" in lines
    assert "canary" not in "".join(lines)
    assert "Environment=PORTAL_ORIGIN=https://data.example.com" in lines


def test_the_portal_reaches_all_but_what_is_denied_or_only_what_is_allowed() -> None:
    denied = [line for line in unit(portal_ip_deny=["169.254.0.0/16"]) if line.startswith("IPA")]
    assert denied == ["IPAddressDeny=169.254.0.0/16"]
    lines = unit(portal_ip_deny=["169.254.0.0/16"], portal_ip_allow=["10.0.0.0/8"])
    allowed = [line for line in lines if line.startswith("IPA")]
    assert allowed == ["IPAddressDeny=any", "IPAddressAllow=localhost", "IPAddressAllow=10.0.0.0/8"]


def test_the_portal_writes_its_state_and_its_socket_is_of_the_web_server_alone() -> None:
    lines = unit()
    assert {"ProtectSystem=strict", "StateDirectoryMode=0700", "CapabilityBoundingSet="} <= {*lines}
    assert not any(line.startswith(("ReadWritePaths", "SupplementaryGroups")) for line in lines)
    socket = settings(template("portal", f"{UNITS}/broker-portal.socket"))
    assert {"SocketUser=root", "SocketGroup=www-data", "SocketMode=0660"} <= {*socket}
    assert not any(line.startswith("Accept") for line in socket)


def test_pages_come_before_syncs_where_both_want_the_processors() -> None:
    """They stand in one slice of systemd, which shares out by weight."""
    syncs = settings(template("sync", f"{UNITS}/broker-sync.slice"))
    lines = unit()
    assert "Slice=broker.slice" in lines  # that of broker-sync.slice, by its name
    # Without a file of its own, it has the 100 of user.slice, in which all sessions are.
    assert [*(ROOT / "roles").glob("*/templates/**/broker.slice*")] == []
    assert [*(ROOT / "roles").glob("*/templates/**/user.slice*")] == []
    for name in ("CPUWeight", "IOWeight"):
        (mine,), (theirs,) = (
            [int(line.split("=")[1]) for line in each if line.startswith(f"{name}=")]
            for each in (lines, syncs)
        )
        assert mine >= 5 * theirs


def test_what_changes_nothing_is_asked_once_more_where_a_process_was_killed() -> None:
    text = site()
    block = text[text.index("upstream data_broker_portal {") :].split("}", 1)[0]
    assert block.count("server unix:/run/broker-portal.sock max_fails=0;") == 2
    # Neither of what changes something, nor of what took its time.
    assert re.findall("proxy_next_upstream .*;", text) == ["proxy_next_upstream error;"]


def test_the_settings_of_the_portal_have_no_source_and_are_yaml() -> None:
    given = load(ROOT / "playbooks" / "site.yml")[-1]["vars"]["portal_instance"]
    assert not {*given} & {"data_source", "sources", "sync"}
    path = "etc/data-broker/portal/instance.yaml"
    text = template("portal", path, portal_instance={"instance": {"name": "A: #"}, "email": {}})
    assert yaml.safe_load(text) == {"instance": {"name": "A: #"}}


@pytest.mark.parametrize(
    ("host", "fits"),
    [
        ("data.example.com", True),
        ("Data", False),
        ("", False),
        ("a_b", False),
        ("a..b", False),
        ("a;b", False),
        ("localhost", True),
    ],
)
def test_a_name_that_could_change_the_configuration_is_refused(host: str, fits: bool) -> None:
    text = "{{ portal_host is match(_portal_is_host) }}"
    assert render("portal", text, portal_host=host) is fits


def test_only_the_name_of_the_portal_is_served_and_tls_is_of_the_guideline() -> None:
    text = site()
    assert "server_name data.example.com;" in text
    assert text.count("default_server") == 4
    assert text.count("ssl_protocols TLSv1.2 TLSv1.3;") == 2
    assert text.count("ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;") == 2
    assert f"ssl_certificate {TLS_CERTIFICATE};" in text
    assert "X-Forwarded-For $remote_addr;" in text
    assert "location = /sign-in/link {" in text  # a POST, which nginx would redirect as a GET
    assert "acme-challenge" not in text
    assert "acme-challenge" in site(nginx_tls="acme")


def test_an_address_is_served_to_those_who_send_no_name_and_stands_in_the_certificate() -> None:
    named, text = site(), site(nginx_host="192.0.2.7")
    assert "server_name 192.0.2.7;" in text
    assert named.count(f"ssl_certificate {TLS_CERTIFICATE};") == 1
    assert text.count(f"ssl_certificate {TLS_CERTIFICATE};") == text.count("http2 on;") == 2
    assert "ssl_reject_handshake on;" in named
    assert "ssl_reject_handshake" not in text
    assert text.index("return 421;") < text.index("server_name 192.0.2.7;")
    script = "etc/data-broker/tls/self_signed.sh"
    for host, name, option in (
        ("192.0.2.7", "IP:", "-checkip"),
        ("192.0.2.7.example.com", "DNS:", "-checkhost"),
    ):
        made = template("nginx", script, nginx_host=host)
        assert f"subjectAltName={name}$host" in made
        assert f" {option} " in made
        assert f" {option} " in render("nginx", "{{ _nginx_fits }}", nginx_host=host)


def test_an_older_release_gets_what_it_knows() -> None:
    text = site(ansible_facts={"distribution_major_version": "12"})
    assert "listen 443 ssl http2;" in text
    assert "http2 on;" not in text
    assert "MLKEM" not in text


@pytest.mark.parametrize(
    ("host", "fits"), [("data.example.com", True), ("192.0.2.7", False), ("data", False)]
)
def test_an_authority_is_asked_for_a_public_name_alone(host: str, fits: bool) -> None:
    """As ``preflight.yml`` has it."""
    tasks = load(ROOT / "roles" / "nginx" / "tasks" / "preflight.yml")
    given = [one.get("vars", {}) for one in tasks]
    (text,) = [one["__nginx_acme"] for one in given if "__nginx_acme" in one]
    assert render("nginx", text, nginx_host=host, nginx_acme_email="ops@example.com") is fits


def test_an_authority_is_asked_in_words_of_a_shell() -> None:
    given = {"nginx_host": "data.example.com", "nginx_acme_email": "ops@example.com"}
    line = render("nginx", "{{ _nginx_ask_authority }}", **given)
    assert line.startswith("exec certbot certonly --non-interactive ")
    assert "--domain data.example.com" in line
    assert "--server https://acme-v02.api.letsencrypt.org/directory" in line


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("10.0.0.10", "10.0.0.10"),
        ("2001:db8:1:2::7", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::a0a:a0a", "2001:db8:1:2::"),
        ("2001:db8:1:3::7", "2001:db8:1:3::"),
        ("a0a:a0a:a0a:a0a:a0a:a0a:a0a:a0a", "a0a:a0a:a0a:a0a::"),  # bytes that are line ends
        ("::1", "::"),
    ],
)
def test_limits_of_nginx_count_a_network_as_the_portal_does(address: str, network: str) -> None:
    (pattern,) = re.findall(r'"~(\S+)" \$data_broker_first_half;', site())
    whole = ip_address(address).packed
    found = re.search(as_python(pattern), whole)
    key = found["data_broker_first_half"] if found else whole
    assert key == ip_address(network).packed[: len(key)]
    assert len(key) == (8 if ":" in address else 4)
    assert client_network(address).removesuffix("/64") == network
    assert site().count("limit_req_zone $data_broker_network ") == 2


@pytest.mark.parametrize(
    ("key", "is_passed_on"),
    [
        ("yes ", True),
        ("yes Bearer x", True),
        ("no ", False),
        ("no Bearer x", False),
        ("no Basic broker_pat_" + "0" * 64, False),
        ("no Bearer broker_pat_" + "0" * 64, True),
        ("no bearer broker_pat_" + "f" * 64, True),
        ("no Bearer broker_pat_" + "f" * 65, False),
        ("no yes ", False),
    ],
)
def test_figures_are_passed_on_for_the_host_itself_and_with_a_token(
    key: str, is_passed_on: bool
) -> None:
    text = site()
    begin = text.index('map "$data_broker_is_here $http_authorization"')
    rules = re.findall(r'"~(\*?)(\S[^"]*)" +yes;', text[begin : text.index("}\n", begin)])
    assert len(rules) == 2
    matches = [re.search(rule, key, re.I if star else 0) for star, rule in rules]
    assert any(matches) is is_passed_on
    for path in ("/metrics", "/readyz"):
        block = text[text.index(f"location = {path} {{") :].split("proxy_pass", 1)[0]
        assert "if ($data_broker_may_measure = no) {\n            return 404;" in block


def as_python(pattern: str) -> bytes:
    r"""As PCRE reads it: there ``\z`` and ``(?<name>`` are what Python writes another way."""
    return pattern.replace(r"\z", r"\Z").replace("(?<", "(?P<").encode()


def test_what_nginx_answers_by_itself_has_words_for_people_and_for_programs() -> None:
    text = site()
    pages = re.findall(r"error_page ([\d ]+) /\.refused/(\d+)/\$data_broker_reader;", text)
    assert {status for found, _ in pages for status in found.split()} == {
        "413",
        "429",
        "502",
        "504",
    }
    for _, status in pages:
        person, program = (
            re.search(
                rf"location = /\.refused/{status}/{reader} {{.*?return {status} '(.*?)';",
                text,
                re.DOTALL,
            )
            for reader in ("person", "program")
        )
        assert person is not None
        assert program is not None
        problem = ProblemDetails.model_validate_json(program[1])
        assert problem.status == int(status)
        assert f"<h1>{problem.title}</h1>" in person[1]
        assert problem.detail.startswith(problem.title)
