"""A portal over an empty folder, and a browser that knows its address."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from broker.config import Instance
from broker.portal.app import create_app
from broker.portal.database.engine import Database
from broker.portal.database.models import PortalPerson
from broker.portal.identity.current import COOKIE_KEY
from broker.portal.identity.mail import MailError
from broker.portal.identity.people import person_by_email
from broker.portal.identity.sessions import start_session
from broker.portal.settings import PortalSettings
from tests.unit.portal.scene import Scene, scene

ORIGIN = "https://data.example.com"


class Browser(FlaskClient):
    """A client that goes to the portal's own address, each from an address of its own."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", ORIGIN)
        return super().open(*args, **kwargs)


class Inline:
    """Work for later, done when a test says so."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], object]] = []

    def submit(self, work: Callable[..., object], *args: object) -> None:
        self.waiting.append(lambda: work(*args))

    def run(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()


@dataclass
class Post:
    """A mail server that keeps what it gets; ``problem`` is how it fails."""

    sent: list[EmailMessage] = field(default_factory=list)
    checks: int = 0
    problem: MailError | None = None

    def send(self, message: EmailMessage) -> None:
        if self.problem:
            raise self.problem
        self.sent.append(message)

    def check(self) -> None:
        self.checks += 1
        if self.problem and not self.problem.is_address:
            raise self.problem


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = datetime(2026, 11, 30, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def clock() -> Clock:
    return Clock()


PEOPLE = ("anna@example.com", "eva@example.com", "boss@example.com")


@pytest.fixture
def instance() -> Instance:
    """These people have a door; modules of tests may give others."""
    return Instance.model_validate({"auth": {"magic_link": {"enabled": True, "allowed": PEOPLE}}})


@pytest.fixture
def settings(tmp_path: Path, instance: Instance) -> PortalSettings:
    return PortalSettings(
        instance=instance,
        origin=ORIGIN,
        secret_key="x" * 32,
        state=tmp_path,
        store=tmp_path / "store",
    )


@pytest.fixture
def app(settings: PortalSettings, post: Post, clock: Clock) -> Flask:
    """Nothing was published, and nobody has signed in."""
    made = create_app(settings, transport=post)
    made.test_client_class = Browser
    made.extensions["background"] = Inline()
    made.extensions["clock"] = clock
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser."""
    return app.test_client()


@pytest.fixture
def database(app: Flask) -> Database:
    """What the portal keeps."""
    found: Database = app.extensions["database"]
    return found


def sign_in(
    app: Flask, client: FlaskClient, email: str, *, account: str | None = None, admin: bool = False
) -> int:
    """Sign a person in, made if there is no such person, and return their id.

    An admin comes by the console, which every instance has, others by e-mail: name one of PEOPLE.
    """
    database, now = app.extensions["database"], app.extensions["clock"]()
    with database.begin() as session:
        person = person_by_email(session, email)
        if person is None:
            person = PortalPerson(email=email, created_at=now)
            session.add(person)
        person.account, person.is_admin = account, admin
        uid = app.extensions["accounts"].uid(account) if account is not None else None
        person.account_uid = uid
        session.flush()
        token = start_session(
            session,
            person.id,
            method="console" if admin else "email",
            auth=app.extensions["portal"].instance.auth,
            now=now,
            agent="test",
            address="192.0.2.1",
        )
        number = person.id
    with client.session_transaction(base_url=ORIGIN) as cookies:
        cookies[COOKIE_KEY] = token
    return number


@pytest.fixture
def portal() -> Iterator[Scene]:
    """With Anna (private), Bob (public alone), Cleo (no account) and Dora (an admin)."""
    with scene() as made:
        made.door.add("anna", email="anna@example.com", classes=["private"])
        made.door.add("bob", email="bob@example.com")
        made.add("anna", "anna")
        made.add("bob", "bob")
        made.add("cleo")
        made.add("dora", admin=True)
        yield made
