"""A portal on a host in a folder: real helpers behind real sockets, people, and what they read."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, g
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from broker.accounts.debian.activity import Activity
from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge
from broker.accounts.records.model import parse_request
from broker.accounts.service.client import Client
from broker.accounts.service.serve import Helper
from broker.classes import PUBLIC
from broker.config import Instance
from broker.errors import BrokerError, PublishError
from broker.helper.rate_limit import Limit
from broker.hostpaths import HOST_KEY, SIGNERS
from broker.portal.acts.accounts import AccountActs, HostHelper
from broker.portal.acts.host import HostActs
from broker.portal.acts.publishing import PublishingActs
from broker.portal.app import create_app
from broker.portal.database.engine import Database
from broker.portal.database.models import PersonState, PortalPerson
from broker.portal.identity.current import viewer_of
from broker.portal.identity.people import remove_person
from broker.portal.settings import PortalSettings
from broker.portal.tokens import Scope, make_token
from broker.portal.viewer import AccountId, Viewer
from tests.unit.accounts.scratch import ScratchSystem, make_root, public_key
from tests.unit.catalog.example import write_example
from tests.unit.publishing.answers import completed, when_all_is_well

ORIGIN = "https://data.example.com"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SIGNER = f'data-broker namespaces="data-broker" {public_key("signer")}\n'
INSTANCE = {
    "instance": {"name": "Example data"},
    "server": {"host": "data.example.com"},
    "auth": {
        "allowed_domain": "example.com",
        "providers": [
            {
                "name": "company",
                "title": "Company",
                "issuer": "https://id.example.com",
                "client_id": "portal",
                "client_secret": "${PORTAL_SECRET}",
            }
        ],
    },
    "access_classes": {"private": "data-private", "finance": "data-finance"},
}


class OwnAddress(FlaskClient):
    """A client that goes to the portal's own address."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        kwargs.setdefault("base_url", ORIGIN)
        return super().open(*args, **kwargs)


class SceneSystem(ScratchSystem):
    """``pulled`` says who has pulled, and when; ``seen`` all else that a journal has of them."""

    def __init__(self, root: Path, pulled: Mapping[str, str], seen: Mapping[str, Activity]) -> None:
        super().__init__(root)
        self.pulled = pulled
        self.seen = seen

    def activity(self, names: Mapping[int, str]) -> Mapping[str, Activity]:
        return {
            name: self.seen.get(name, Activity(None, self.pulled.get(name)))
            for name in names.values()
        }


class OpenTransactions:
    """How many transactions of a database a thread has open, by what its engine does."""

    def __init__(self) -> None:
        self._open = threading.local()

    def watch(self, database: Database) -> None:
        event.listen(database.engine, "begin", lambda _connection: self._count(1))
        for end in ("commit", "rollback"):
            event.listen(database.engine, end, lambda _connection: self._count(-1))

    def _count(self, change: int) -> None:
        self._open.number = getattr(self._open, "number", 0) + change

    def check_none(self) -> None:
        """Other processes would wait for the host, too; and it may take as long as it likes."""
        assert getattr(self._open, "number", 0) == 0, "the host is asked within a transaction"


class OutsideTransactions:
    """A helper that may not be asked within a transaction."""

    def __init__(self, helper: HostHelper, transactions: OpenTransactions) -> None:
        self._helper = helper
        self._transactions = transactions

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        self._transactions.check_none()
        return self._helper.call(verb, **fields)


class AccountsDoor:
    """The helper for accounts over a host in a folder, behind a listening socket."""

    def __init__(self, folder: Path, transactions: OpenTransactions) -> None:
        self.transactions = transactions
        self.layout = make_root(folder / "host")
        for path, text in ((HOST_KEY, f"{public_key('host')}\n"), (SIGNERS, SIGNER)):
            self.layout.at(path).parent.mkdir(parents=True, exist_ok=True)
            self.layout.at(path).write_text(text)
        self.path = folder / "socket"
        self.pulled: dict[str, str] = {}
        self.names: set[str] = set()
        self.seen: dict[str, Activity] = {}
        self.helper = Helper(host=self.host, limit=Limit(100_000, 0.001))
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(os.fspath(self.path))
        self._listening.listen(8)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def host(self) -> Host:
        return Host(self.layout, SceneSystem(self.layout.root, self.pulled, self.seen))

    def uid(self, account: str) -> int | None:
        """Of an analyst."""
        self.transactions.check_none()
        person = observe(self.host).registry.by_name().get(account)
        return None if person is None else person.uid

    def id(self, name: str) -> AccountId:
        """Of an analyst who is there."""
        uid = self.uid(name)
        assert uid is not None
        return AccountId(name, uid)

    def has_name(self, name: str) -> bool:
        """Of an analyst, or one that the host has beside them."""
        return name in self.names or self.uid(name) is not None

    def classes(self, account: str, uid: int | None = None) -> Collection[str] | None:
        """As the groups of the account say it."""
        self.transactions.check_none()
        person = observe(self.host).registry.by_name().get(account)
        if person is None or uid not in (None, person.uid):
            return None
        return {PUBLIC, *person.classes}

    def add(self, name: str, *, email: str | None = None, classes: Collection[str] = ()) -> None:
        """An analyst whom the operators made."""
        wish = parse_request(name, email=email, keys=[public_key(name)], classes=classes)
        converge([wish], self.host)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection:
                    self.helper.serve(connection)

    def close(self) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(timeout=60)


@dataclass
class PublishingScript:
    """The helper for publishing by a script: what it was asked, and what it answers.

    Answers are checked and completed as ``tests.unit.publishing.answers`` says, of which a test of
    the helper itself says the same. ``is_checked`` is off where texts are hostile.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    is_down: bool = False
    is_checked: bool = True

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        if self.is_down:
            raise BrokerError("the helper for publishing does not answer")
        self.requests.append({"verb": verb, **fields})
        if verb == "facts":
            return {part: self._answer(part) for part in fields["parts"]}
        if verb not in self.answers and verb != "audit":
            raise PublishError("this is refused", where=verb)
        answer: dict[str, Any] = self._answer(verb)
        return answer

    def _answer(self, part: str) -> Any:
        if part not in self.answers:
            return when_all_is_well(part)
        given = self.answers[part]
        return completed(part, given) if self.is_checked else given


@dataclass
class Scene:
    """An app with all that it stands on. ``people`` are by the part of their address before @."""

    app: Flask
    database: Database
    door: AccountsDoor
    publishing: PublishingScript
    people: dict[str, int] = field(default_factory=dict)
    is_trusted: bool = True  # the doors by which they came

    def remove(self, name: str) -> None:
        """As off-boarding does it in the portal."""
        with self.database.begin() as session:
            remove_person(session, session.get_one(PortalPerson, self.people[name]), NOW)

    def restore(self, name: str) -> None:
        """As if they had never been here."""
        with self.database.begin() as session:
            person = session.get_one(PortalPerson, self.people[name])
            person.state = PersonState.ACTIVE
            person.account = person.account_uid = None

    def add(self, name: str, account: str | None = None, *, admin: bool = False) -> int:
        """A person who has signed in before."""
        uid = self.door.uid(account) if account is not None else None
        with self.database.begin() as session:
            person = PortalPerson(
                email=f"{name}@example.com",
                name=name.title(),
                account=account,
                account_uid=uid,
                is_admin=admin,
                created_at=datetime.now(UTC),
            )
            session.add(person)
            session.flush()
            self.people[name] = person.id
        return self.people[name]

    def viewer(self, name: str) -> Viewer | None:
        with self.database.read() as session:
            one = session.get(PortalPerson, self.people[name])
            assert one is not None
            if one.state != PersonState.ACTIVE:
                return None
        instance = self.app.extensions["portal"].instance
        return viewer_of(one, instance, self.door, is_trusted=self.is_trusted)

    def browser(self, name: str | None) -> FlaskClient:
        """A browser in which this person is signed in."""
        client: FlaskClient = self.app.test_client()
        if name is not None:
            client.environ_base["portal.test.person"] = name
        return client

    def token(self, name: str, *scopes: Scope, days: int = 30) -> str:
        """A token of this person."""
        with self.database.begin() as session:
            life = timedelta(days=days)
            label = f"test {len(scopes)} {datetime.now(UTC).timestamp()}"
            made = make_token(session, self.people[name], label, scopes or tuple(Scope), life)
        return made.text

    def api(self, method: str, path: str, token: str = "", **more: Any) -> Any:
        """One request of a program."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.app.test_client().open(f"/api/v1{path}", method=method, headers=headers, **more)


@contextmanager
def scene(instance: dict[str, Any] | None = None, **example: Any) -> Iterator[Scene]:
    """A new one; CSRF tokens are not asked for, as tests of their own look at them."""
    with tempfile.TemporaryDirectory(prefix="portal-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        transactions, script = OpenTransactions(), PublishingScript()
        door = AccountsDoor(folder, transactions)
        try:
            write_example(folder / "store", **example)
            (folder / "state").mkdir()
            acts = HostActs(
                AccountActs(
                    lambda behalf: OutsideTransactions(
                        Client(door.path, behalf=behalf), transactions
                    ),
                    "10000 per minute",
                ),
                PublishingActs(lambda _: OutsideTransactions(script, transactions)),
                door,
            )
            settings = PortalSettings(
                instance=Instance.model_validate(instance or INSTANCE),
                origin=ORIGIN,
                secret_key="x" * 32,
                state=folder / "state",
                store=folder / "store",
            )
            app = create_app(settings, accounts=door, host=acts)
            app.test_client_class = OwnAddress
            app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
            database: Database = app.extensions["database"]
            transactions.watch(database)
            made = Scene(app, database, door, script)
            app.before_request_funcs.setdefault(None, []).insert(0, lambda: _signed_in(made))
            yield made
        finally:
            door.close()


def _signed_in(made: Scene) -> None:
    """What signing in leaves: the person of this browser."""
    from flask import request  # noqa: PLC0415 - of the request alone

    name = request.environ.get("portal.test.person")
    g.viewer = made.viewer(name) if name is not None else None
