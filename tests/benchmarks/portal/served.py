"""The portal for gunicorn, over the folder that the environment names, with a session of Anna's."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from flask import Flask

from broker.config import Instance
from broker.portal.app import create_app
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalPerson
from broker.portal.identity.current import COOKIE_KEY, time_now
from broker.portal.identity.sessions import start_session
from broker.portal.settings import PortalSettings
from tests.unit.portal.browsing import FixedAccounts

__all__ = ["FOLDER", "ORIGIN", "cookie", "portal"]

FOLDER = "BROKER_BENCH_PORTAL"
ORIGIN = "http://127.0.0.1:8321"
_INSTANCE = {"auth": {"magic_link": {"enabled": True, "allowed": ["anna@example.com"]}}}


def portal() -> Flask:
    """What each worker serves."""
    folder = Path(os.environ[FOLDER])
    settings = PortalSettings(
        instance=Instance.model_validate(_INSTANCE),
        origin=ORIGIN,
        secret_key="x" * 32,
        state=folder,
        store=folder / "store",
    )
    return create_app(settings, accounts=FixedAccounts())


def cookie(app: Flask) -> str:
    """The header ``Cookie`` of someone who is signed in."""
    database: Database = app.extensions["database"]
    with app.app_context(), database.begin() as session:
        now = time_now()
        person = PortalPerson(
            email="anna@example.com", created_at=now, account="anna", account_uid=1000
        )
        session.add(person)
        session.flush()
        token = start_session(
            session,
            person.id,
            method="email",
            auth=Instance.model_validate(_INSTANCE).auth,
            now=now + timedelta(seconds=1),
            agent="benchmark",
            address="127.0.0.1",
        )
    serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
    return f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps({COOKIE_KEY: token})}"
