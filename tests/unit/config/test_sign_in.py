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
