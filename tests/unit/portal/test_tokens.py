from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.config import Instance
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalPerson, PortalTables
from broker.portal.tokens import Scope, bearer_of, make_token
from tests.unit.portal.browsing import FixedAccounts

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    made = Database(f"sqlite:///{tmp_path / 'portal.sqlite3'}")
    PortalTables.metadata.create_all(made.engine)
    return made


def test_a_token_ends_with_the_right_to_sign_in(database: Database) -> None:
    with database.begin() as session:
        person = PortalPerson(email="anna@example.com", created_at=NOON)
        session.add(person)
        session.flush()
        token = make_token(session, person.id, "laptop", {Scope.ME}, timedelta(days=9), NOON)
    provider = {"name": "company", "title": "Company", "issuer": "https://id.example.com"}
    auth = {"providers": [{**provider, "client_id": "portal", "client_secret": "${SECRET}"}]}
    within, gone, admin = (
        Instance.model_validate({"auth": {**auth, **more}})
        for more in (
            {"allowed_domain": "example.com"},
            {"allowed_domain": "elsewhere.com"},
            {"allowed_domain": "elsewhere.com", "admins": "anna@example.com"},
        )
    )
    found = [
        bearer_of(database, token.text, one, FixedAccounts(), NOON) for one in (within, gone, admin)
    ]
    assert [one is not None for one in found] == [True, False, False]
