"""The portal of a deployed host: reached through nginx, restarted under load, confined, removed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from broker.portal import server
from rig.hosts import RELEASES, Host
from rig.venvs import locked_venv
from tests.system.deploy import Broker

pytestmark = pytest.mark.system

NAME = "portal.example.com"
# The limit of requests is for people, not for the load of this test.
LIMIT = {"nginx_requests_per_second": 1000}
ON = {"broker_portal_enabled": True, "broker_portal_host": NAME, **LIMIT}
PARTS = ("--tags", "app,accounts_socket,nginx,portal")
CURL = f"curl --silent --show-error --insecure --resolve {NAME}:443:127.0.0.1"
FOLDER = "/etc/systemd/system"
# As the account of the portal: each file below these that it opens, each folder that it lists.
READS = """
import os, sys
for top in sys.argv[1:]:
    for folder, names, files in os.walk(top):
        print(folder)
        for name in files:
            path = os.path.join(folder, name)
            try:
                os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW))
            except OSError:
                continue
            print(path)
"""
WRITES = """
for place in /data/src_data /data/src_data/catalog /etc/data-broker/portal /opt/data-broker /run \\
    /var/log /home /dev/shm /var/lib/data-broker /var/lib/broker-portal; do
  if touch $place/x 2>/dev/null; then echo $place; fi
done
"""
# One of the processes that answer; where both have just been killed, the next one that begins.
KILL = """
main=$(systemctl show --property=MainPID --value broker-portal.service)
for _ in $(seq 100); do
    kill -KILL $(cut -d' ' -f1 /proc/$main/task/$main/children) 2>/dev/null && exit 0
    sleep 0.1
done
exit 1
"""
AS_PORTAL = ("runuser", "-u", "broker-portal", "--")
CATALOG = "/data/src_data/catalog"
# Which of the cipher suites of this OpenSSL a server takes for TLS 1.2, and which protocols.
SUITES = r"""
ask() {
  openssl s_client -connect 127.0.0.1:443 -servername NAME "$@" </dev/null 2>/dev/null |
    grep -q 'Cipher is [A-Z]'
}
for suite in $(openssl ciphers -tls1_2 'ALL:eNULL:@SECLEVEL=0' | tr ':' '\n' | grep -v '^TLS_'); do
  if ask -tls1_2 -cipher "$suite:@SECLEVEL=0"; then echo $suite; fi
done
for version in tls1 tls1_1 tls1_2 tls1_3; do
  if ask -$version -cipher 'ALL:@SECLEVEL=0'; then echo $version; fi
done
""".replace("NAME", NAME)
# An authority for tests, which asks the host on port 80 as a real one does.
PEBBLE = """
apt-get install --yes --no-install-recommends pebble
mkdir -p /root/pebble; cd /root/pebble
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \\
  -subj /CN=localhost -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem
cp cert.pem /usr/local/share/ca-certificates/pebble.crt
update-ca-certificates
cat >config.json <<'END'
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
 "certificate": "/root/pebble/cert.pem", "privateKey": "/root/pebble/key.pem", "httpPort": 80}}
END
# Names of its own: /etc/hosts changes when other hosts boot.
echo '127.0.0.1 NAME' >hosts
systemd-run --unit=pebble --property=BindReadOnlyPaths=/root/pebble/hosts:/etc/hosts \\
  --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \\
  pebble -config /root/pebble/config.json
until openssl s_client -connect 127.0.0.1:14000 </dev/null >/dev/null 2>&1; do sleep 0.2; done
""".replace("NAME", NAME)
# An authority of one's own, and what it signs.
OWN = f"""
mkdir /root/own; cd /root/own
new() {{ openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "$@"; }}
new -x509 -subj /CN=own -days 9 -keyout ca.key -out ca.pem \\
  -addext keyUsage=critical,keyCertSign
new -subj /CN={NAME} -keyout k.pem -out c.csr
printf '%s\\n' subjectAltName=DNS:{NAME} basicConstraints=critical,CA:FALSE \\
  authorityKeyIdentifier=keyid extendedKeyUsage=serverAuth >c.txt
openssl x509 -req -in c.csr -CA ca.pem -CAkey ca.key -days 8 -extfile c.txt -out c.pem
"""
ISSUER = f"""
openssl s_client -connect 127.0.0.1:443 -servername {NAME} </dev/null 2>/dev/null |
  openssl x509 -noout -issuer
"""


def turned_on(broker: Broker, **more: object) -> None:
    broker.play("site.yml", "-e", json.dumps({**ON, **more}), *PARTS)
    broker.host.run("apt-get install --yes --no-install-recommends curl")


def proved(host: Host) -> list[dict[str, object]]:
    """What the proof of access finds now."""
    answer = host.run("broker access prove --json", check=False, timeout=600).stdout
    findings: list[dict[str, object]] = json.loads(answer)["findings"]
    return findings


def code(host: Host, *words: str) -> str:
    line = (*CURL.split(), "--output", "/dev/null", "--write-out", "%{http_code}", *words)
    return host.exec(*line, check=False).stdout


def unlike_mozilla(host: Host, authority: Path) -> str:
    """What a scanner finds that Mozilla's profile "intermediate" forbids."""
    sslyze = locked_venv("scanners") / "bin" / "sslyze"
    line = [sslyze, "--mozilla_config=intermediate", f"--sni={NAME}", f"{host.address}:443"]
    line += ["--certinfo_ca_file", authority]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    return "" if done.returncode == 0 and ": OK - Compliant." in done.stdout else done.stdout


def check_files(host: Host, page: str) -> None:
    """Styles, scripts and pictures of a page come through nginx, to be kept."""
    files = {*re.findall(r"/(?:brand|static)/\w+\.[0-9a-f]{12}\.\w+", page)}
    assert {"/brand/logo", "/static/portal"} <= {one.split(".")[0] for one in files}
    for file in files:
        kept = host.run(f"{CURL} --compressed --include https://{NAME}{file}").stdout.lower()
        assert kept.startswith("http/2 200"), file
        assert "cache-control: public, max-age=31536000, immutable" in kept
        assert ("content-encoding: gzip" in kept) == file.startswith("/static/portal"), file


def check_figures(host: Host) -> None:
    """They are for the host itself; from elsewhere it takes a token, which the portal looks up."""
    figures = [f"https://{NAME}/{path}" for path in ("metrics", "readyz")]
    assert [code(host, one) for one in figures] == ["200", "503"]  # nothing is published yet
    away = ("--connect-to", f"{NAME}:443:{host.address}:443")
    assert [code(host, *away, one) for one in figures] == ["404"] * 2
    token = ("--header", f"Authorization: Bearer broker_pat_{'0' * 64}")
    assert [code(host, *away, *token, one) for one in figures] == ["404"] * 2


def check_limit(host: Host) -> None:
    """Who asks without end is refused by nginx, in words of its own; others are not."""
    head, body = refused(host, "/sign-in/link/x")
    assert "content-type: text/html; charset=utf-8" in head
    assert "content-security-policy: default-src 'none'" in head
    assert "strict-transport-security: max-age=63072000" in head
    assert "<h1>There were too many requests.</h1>" in body
    _, answer = refused(host, "/api/v1/device/code", "--data client_id=x")
    problem = json.loads(answer)
    assert (problem["status"], problem["type"]) == (429, "about:blank")
    assert code(host, f"https://{NAME}/healthz") == "200"


def refused(host: Host, path: str, more: str = "") -> tuple[str, str]:
    """Head, in small letters, and body of an answer of nginx that is 429.

    Of 40 requests in one process: each few seconds one is let through again.
    """
    found = host.run(f"{CURL} --include {more} 'https://{NAME}{path}?[1-40]'").stdout
    answers = re.split("(?=HTTP/2 [0-9]{3} )", found.replace("\r", ""))[1:]
    assert len(answers) == 40
    limited = [one for one in answers if one.startswith("HTTP/2 429")]
    assert len(limited) > 10, found
    head, _, body = limited[-1].partition("\n\n")
    return head.lower(), body


def check_under_load(host: Host) -> None:
    """Of a killed process some of what it held is lost: what changes something, what was half
    sent, and what was sent again to a process that was killed as well."""
    load = Path(__file__).with_name("load.py").read_text()
    for act, most, others in (
        (("systemctl", "restart", "broker-portal.service"), 0, ()),
        (("systemctl", "reload", "nginx.service"), 20 * 8, ("closed",)),
        (("sh", "-c", KILL), 20 * server.threads, ("POST 502", "GET 502", "IncompleteRead")),
    ):
        answers = json.loads(host.exec("python3", "-c", load, NAME, *act, timeout=600).stdout)
        assert min(answers.pop("GET 200"), answers.pop("POST 400")) > 100
        assert sum(answers.values()) <= most, answers
        assert all(name.startswith(others) for name in answers), answers


@pytest.mark.parametrize("deployed", RELEASES, indirect=True)
def test_the_portal_is_reached_restarted_without_loss_and_removed(
    deployed: Broker, tmp_path: Path
) -> None:
    host = deployed.host
    (tmp_path / "own.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    logo = {"broker_portal_logo": str(tmp_path / "own.svg")}
    turned_on(deployed, **logo)
    page = host.run(f"{CURL} https://{NAME}/sign-in").stdout
    check_files(host, page)
    assert host.run(f"{CURL} https://{NAME}/healthz").stdout == "ok\n"
    head = host.run(f"{CURL} --head https://{NAME}/healthz").stdout.lower()
    assert head.startswith("http/2 200")
    assert "content-security-policy: default-src 'none'" in head
    lasting = re.findall("^strict-transport-security: .*$", head, re.MULTILINE)
    assert [line.strip() for line in lasting] == ["strict-transport-security: max-age=63072000"]
    assert re.search(r"^server: nginx\s*$", head, re.MULTILINE)
    plain = (f"http://{NAME}/x?y=1", "--resolve", f"{NAME}:80:127.0.0.1")
    assert code(host, *plain) == "308"
    assert code(host, "http://127.0.0.1/") == "421"
    assert code(host, "--header", "Host: other.example.com", f"https://{NAME}/healthz") == "421"
    assert code(host, "https://127.0.0.1/healthz") == "000"  # no certificate for another name
    check_figures(host)
    for path in ("sign-in/link/onlyinthemail", "search?q=onlyinthesearch"):
        code(host, f"https://{NAME}/{path}", "--referer", f"https://{NAME}/{path}")
    host.run("grep -q /sign-in/link/- /var/log/nginx/access.log")
    assert host.run("grep -r onlyinthe /var/log/nginx", check=False).stdout == ""
    # The button of a mailed link: its form reaches the portal, which refuses it without a token.
    assert code(host, "--data", "token=x", f"https://{NAME}/sign-in/link") == "400"
    large = ("--data", "x" * 100_000) * 3
    assert code(host, *large, f"https://{NAME}/healthz") == "413"
    refused = host.exec(*CURL.split(), *large, f"https://{NAME}/healthz").stdout
    assert "<h1>The request is too large.</h1>" in refused
    check_limit(host)

    taken = host.exec("bash", "-c", SUITES, timeout=600).stdout.split()
    suites = {f"ECDHE-ECDSA-{one}" for one in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")}
    assert {*taken} == suites | {"ECDHE-ECDSA-CHACHA20-POLY1305", "tls1_2", "tls1_3"}

    check_under_load(host)
    line = "systemd-analyze security --no-pager broker-portal.service"
    score = re.search(r"exposure level.*: ([\d.]+)", host.run(line).stdout)
    assert score is not None
    assert float(score[1]) <= 1.5

    assert deployed.play("site.yml", "-e", json.dumps(ON | logo), *PARTS).changed == 0
    deployed.play("site.yml", *PARTS)
    places = f"{FOLDER}/broker-portal* {FOLDER}/broker-certificate* /run/broker-portal*"
    places += " /etc/data-broker/portal /etc/data-broker/tls /etc/nginx/sites-enabled/data-broker"
    assert host.run(f"ls -d {places}", check=False).stdout == ""
    assert code(host, f"https://{NAME}/healthz") == "000"
    assert host.run("id --name --groups broker-portal").stdout == "broker-portal\n"
    assert host.run("systemctl is-system-running").stdout.strip() == "running"


def test_the_account_of_the_portal_opens_its_own_files_and_the_catalog_alone(
    deployed: Broker,
) -> None:
    host = deployed.host
    turned_on(deployed)
    host.run("printf 'city_id\\n1\\n' >/data/input/cities.csv; broker sync")
    generation = host.run("readlink /data/src_data/current").stdout.strip().partition("/")[2]
    tops = ("/data", "/etc/data-broker", "/home", "/root", "/var/lib", "/srv", CATALOG)
    found = {
        *host.exec(
            *AS_PORTAL, "python3", "-Ic", READS, *tops, "/var/log/data-broker"
        ).stdout.split()
    }
    catalog = {path for path in found if path.startswith(CATALOG)}
    views = f"{CATALOG}/{generation}/views"
    assert {f"{views}/tree/catalog.json", f"{views}/private/tree/catalog.json"} <= catalog
    assert {path.removeprefix(CATALOG).split("/")[1] for path in catalog - {CATALOG}} == {
        generation
    }
    inside = ("/data/src_data", "/data/input", "/home/", "/root", "/etc/data-broker/", "/var/log")
    closed = {path for path in found - catalog if path.startswith(inside)}
    public = ("authorized_keys", "access_classes.json", "deployed.json", "standing_certificates")
    own = {"/etc/data-broker/portal", "/etc/data-broker/portal/instance.yaml"}
    assert (
        closed
        - own
        - {f"/etc/data-broker/{name}" for name in public}
        - {"/etc/data-broker/signing_key.pub"}
        == set()
    )

    pid = host.run("systemctl show --property=MainPID --value broker-portal.service").stdout.strip()
    enter = ("nsenter", f"--target={pid}", "--mount", "--", *AS_PORTAL)
    hidden = ("/data/src_data/generations", "/data/input", "/home", "/etc/ssh", "/var/log")
    assert host.exec(*enter, "python3", "-Ic", READS, *hidden).stdout == ""
    assert host.exec(*enter, "readlink", "/data/src_data/current").stdout.startswith("generations/")
    assert host.exec(*enter, "sh", "-c", WRITES).stdout.split() == ["/var/lib/broker-portal"]
    assert proved(host) == []

    # What is given to it by mistake is found by the proof, which becomes the portal for each file.
    mistakes = {
        "/etc/data-broker/signing_key": "chgrp broker-portal {0}; chmod g+r {0}",
        "/data/input/cities.csv": "chgrp broker-portal /data/input {0}; chmod 750 /data/input",
    }
    for place, command in mistakes.items():
        before = host.run(f"stat --format='%a %U:%G %n' {place} /data/input").stdout
        host.run(command.format(place))
        found_now = proved(host)
        assert [one for one in found_now if "broker-portal" in str(one) and place in str(one)]
        for line in before.splitlines():
            mode, owner, name = line.split()
            host.run(f"chown {owner} {name}; chmod {mode} {name}")
        assert proved(host) == []


def test_an_authority_signs_for_the_host_and_what_does_not_fit_is_refused(
    deployed: Broker, tmp_path: Path
) -> None:
    host = deployed.host
    host.exec("bash", "-ec", PEBBLE, timeout=600)
    acme = {"broker_portal_tls": "acme", "broker_portal_acme_email": "ops@example.com"}
    acme["broker_portal_acme_server"] = "https://localhost:14000/dir"
    turned_on(deployed, **acme)
    assert "Pebble Intermediate CA" in host.exec("bash", "-c", ISSUER).stdout
    assert host.run("systemctl is-enabled certbot.timer").stdout == "enabled\n"
    again = deployed.play("site.yml", "-e", json.dumps({**ON, **acme}), *PARTS)
    assert again.changed == 0

    host.exec("bash", "-ec", OWN)
    certificate, key, authority = (
        host.run(f"cat /root/own/{name}.pem").stdout for name in ("c", "k", "ca")
    )
    given = {**ON, "broker_portal_tls": "files", "broker_portal_certificate": certificate}
    other = host.run("openssl genpkey -algorithm ed25519").stdout
    wrong = json.dumps({**given, "broker_portal_certificate_key": other})
    refused = deployed.play("site.yml", "--diff", "-e", wrong, "--tags", "nginx", check=False)
    assert refused.code != 0
    assert "is not the key of broker_portal_certificate" in refused.output
    assert "Pebble Intermediate CA" in host.exec("bash", "-c", ISSUER).stdout
    right = json.dumps({**given, "broker_portal_certificate_key": key})
    taken = deployed.play("site.yml", "--diff", "-e", right, "--tags", "nginx")
    assert "PRIVATE KEY" not in taken.output.replace(right, "")
    assert "CN=own" in host.exec("bash", "-c", ISSUER).stdout.replace(" ", "")
    (tmp_path / "ca.pem").write_text(authority)
    assert not unlike_mozilla(host, tmp_path / "ca.pem")

    broken = json.dumps(
        {**given, "broker_portal_certificate_key": key, "nginx_requests_per_second": -1}
    )
    assert deployed.play("site.yml", "-e", broken, "--tags", "nginx", check=False).code != 0
    assert code(host, f"https://{NAME}/healthz") == "200"
    assert host.run("nginx -t", check=False).returncode == 0
