from __future__ import annotations

from pathlib import Path

import pytest

from broker.config import SECTIONS_OF_PORTAL, SECTIONS_OF_SOURCES, load_instance
from broker.errors import ConfigError

TEXT = """
instance: {origin: 'https://Data.Example.com:8443'}
data_source: {type: keboola, token: '${TOKEN}'}
auth:
  allowed_domain: Example.COM
  admins: Boss@Example.com
  session_length: 12h
  session_idle: 1h
  providers:
    - name: google
      title: Google
      issuer: https://accounts.google.com
      client_id: id
      client_secret: ${CLIENT}
      hosted_domain: example.com
      allowed: [Guest@Other.com]
    - name: other
      title: Other
      issuer: https://login.example.com/realm
      client_id: id
      client_secret: ${CLIENT}
  magic_link: {enabled: true, allowed: ' Eva@Outside.com '}
email:
  from_address: Broker@example.com
  smtp: {host: mail.example.com, username: broker, password: '${MAIL}'}
"""


def test_addresses_and_domains_are_folded_and_secrets_hidden(tmp_path: Path) -> None:
    (tmp_path / "instance.yaml").write_text(TEXT)
    instance = load_instance(tmp_path, {"CLIENT": "s3cret", "TOKEN": "t", "MAIL": "pa55"})
    auth = instance.auth
    assert instance.instance.origin == "https://data.example.com:8443"
    assert (auth.allowed_domain, auth.admins) == (("example.com",), ("boss@example.com",))
    assert auth.providers[0].allowed == ("guest@other.com",)
    assert auth.magic_link.allowed == ("eva@outside.com",)
    assert [provider.is_trusted for provider in auth.providers] == [True, False]
    assert instance.email.smtp is not None
    assert instance.email.smtp.port_number == 587
    assert "s3cret" not in repr(instance)
    assert "pa55" not in repr(instance)


@pytest.mark.parametrize(
    ("variables", "without", "missing"),
    [
        ({"TOKEN": "t"}, SECTIONS_OF_PORTAL, None),
        ({"CLIENT": "s", "MAIL": "p"}, SECTIONS_OF_SOURCES, None),
        ({"CLIENT": "s", "MAIL": "p"}, SECTIONS_OF_PORTAL, "TOKEN"),
        ({"TOKEN": "t", "CLIENT": "s"}, SECTIONS_OF_SOURCES, "MAIL"),
    ],
)
def test_each_process_needs_its_own_secrets_alone(
    tmp_path: Path, variables: dict[str, str], without: tuple[str, ...], missing: str | None
) -> None:
    (tmp_path / "instance.yaml").write_text(TEXT)
    if missing is None:
        load_instance(tmp_path, variables, without=without)
        return
    with pytest.raises(ConfigError, match=f"the variable {missing} is not set"):
        load_instance(tmp_path, variables, without=without)


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.microsoftonline.com/common/v2.0",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://login.microsoftonline.com/consumers/v2.0",
        "https://login.microsoftonline.com/COMMON/v2.0",
        "https://login.microsoftonline.us/organizations/v2.0",
        "https://login.microsoftonline.com/{tenantid}/v2.0",
        "https://",
        "https://[::1",
        "https://user@idp.example",
        "https://idp.example/?tenant=a",
        "https://idp.example/#a",
        "http://idp.example",
        "idp.example",
    ],
)
def test_an_issuer_that_is_not_one_fixed_address_is_refused(tmp_path: Path, issuer: str) -> None:
    text = TEXT.replace("https://login.example.com/realm", f"'{issuer}'")
    (tmp_path / "instance.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"auth\.providers\[1\]\.issuer is wrong"):
        load_instance(tmp_path, {"CLIENT": "s", "TOKEN": "t", "MAIL": "p"})


@pytest.mark.parametrize(
    ("origin", "is_valid"),
    [
        ("https://data.example.com", True),
        ("https://data.example.com:8443", True),
        ("http://127.0.0.1:8080", True),
        ("http://localhost", True),
        ("http://[::1]:8080", True),
        ("https://data.example.com/", False),
        ("https://data.example.com:443", False),
        ("https://user@data.example.com", False),
        ("https://data.example.com?a", False),
        ("https://data example.com", False),
        ("https://d\u0430ta.example.com", False),
        ("https://data.example.com:99999", False),
        ("data.example.com", False),
        ("javascript://data.example.com", False),
    ],
)
def test_the_address_of_the_portal(tmp_path: Path, origin: str, is_valid: bool) -> None:
    (tmp_path / "instance.yaml").write_text(f"instance: {{origin: '{origin}'}}\n")
    if is_valid:
        assert load_instance(tmp_path, {}).instance.origin == origin
        return
    with pytest.raises(ConfigError, match=r"instance\.origin is wrong"):
        load_instance(tmp_path, {})
