from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from broker.cli import LazyGroup
from broker.cli.portal import portal
from broker.errors import BrokerError, ConfigError
from broker.portal.database.engine import Database
from broker.portal.database.models import LinkPurpose, MagicLink, PersonState, PortalPerson
from broker.portal.database.upgrade import upgrade

INSTANCE = """
instance: {origin: 'https://data.example.com'}
auth:
  providers:
    - name: a
      title: A
      issuer: https://a.example
      client_id: i
      client_secret: ${SECRET}
      allowed: b@c.de
"""


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'portal.sqlite3'}", upgrade)
    made.ready()
    return made


def admin(folder: Path, email: str, text: str = INSTANCE) -> str:
    (folder / "instance.yaml").write_text(text)
    words = ["admin", email, "--state", str(folder), "--config", str(folder)]
    done = CliRunner().invoke(portal, words, catch_exceptions=False, standalone_mode=False)
    return done.output.strip()


def test_it_prints_a_link_and_keeps_its_digest_alone(tmp_path: Path, database: Database) -> None:
    link = admin(tmp_path, "Boss@Example.com")
    found = re.fullmatch(r"https://data\.example\.com/sign-in/link/(\S{43})", link)
    assert found is not None
    with database.read() as session:
        kept = session.scalars(select(MagicLink)).one()
    assert (kept.email, kept.purpose) == ("boss@example.com", LinkPurpose.CONSOLE)
    assert found[1] not in kept.digest


def test_what_cannot_be_is_refused(tmp_path: Path, database: Database) -> None:
    with pytest.raises(ConfigError, match="this is not an e-mail address"):
        admin(tmp_path, "boss")
    with pytest.raises(ConfigError, match=r"instance\.origin is missing"):
        admin(tmp_path, "boss@example.com", "{}")
    with database.begin() as session:
        now = datetime(2026, 11, 30, tzinfo=UTC)
        session.add(PortalPerson(email="x@y.de", created_at=now, state=PersonState.REMOVED))
    with pytest.raises(BrokerError, match="was removed from the portal"):
        admin(tmp_path, "x@y.de")
    with database.read() as session:
        assert session.scalars(select(MagicLink)).all() == []


def test_where_the_portal_never_ran_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no database of a portal here"):
        admin(tmp_path, "boss@example.com")
    assert [one.name for one in tmp_path.iterdir()] == ["instance.yaml"]


def test_a_command_whose_packages_are_not_installed_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(_name: str, _package: str) -> None:
        raise ModuleNotFoundError("No module named 'sqlalchemy'", name="sqlalchemy")

    monkeypatch.setattr("broker.cli.import_module", missing)
    with pytest.raises(ConfigError, match="broker portal needs a package that is not installed"):
        LazyGroup().get_command(None, "portal")  # type: ignore[arg-type]
