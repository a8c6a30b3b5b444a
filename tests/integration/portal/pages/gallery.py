"""A portal in which Dora, an admin, has an account, and something waits on every page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Flask, g, request

from broker.accounts.debian.activity import Activity
from broker.accounts.records.laptops import LaptopContact
from broker.foreign.laptop_note import NO_CHOICE
from broker.portal.identity.sessions import start_session
from broker.portal.tokens import Scope
from broker.runs import SERVICE, Ended
from broker.runs.status import facts_of
from tests.integration.portal.look.serving import served
from tests.unit.accounts.scratch import public_key
from tests.unit.catalog.example import LOST
from tests.unit.portal.conftest import Post
from tests.unit.portal.scene import INSTANCE, Scene, scene

__all__ = ["PAGES", "Stage", "gallery", "staged"]

OLD = "2026-11-29T120000Z-0001"
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
RUN = "0123456789abcdef" * 2
PAGES = (
    "/",
    "/welcome",
    "/keys",
    "/datasets",
    "/access",
    "/activity",
    "/device?code=BCDF-GHJK",
    "/admin/",
    "/admin/people",
    "/admin/people/1",
    "/admin/accounts/ops",
    "/admin/requests",
    "/admin/syncs",
    f"/admin/generations/{OLD}",
    "/admin/syncs/2026-11-30T120000Z-0001",
    f"/admin/syncs/runs/{RUN}",
    "/admin/audit",
    "/admin/events",
    "/admin/health",
)


@dataclass(frozen=True)
class Stage:
    """The portal at an address, and what it stands on."""

    origin: str
    scene: Scene


@contextmanager
def gallery(person: str = "dora") -> Iterator[str]:
    """The address of the portal as this person sees it: dora, or cleo, who is new."""
    with staged(person) as stage:
        yield stage.origin


@contextmanager
def staged(person: str | None = "dora") -> Iterator[Stage]:
    """The same with its scene; without a person no one is signed in, and there are links by mail.

    Browsers reach it without HTTPS, and keep its cookies.
    """
    links = {"magic_link": {"enabled": True, "allowed": ["eva@example.org"]}}
    instance = INSTANCE | {"auth": {**INSTANCE["auth"], **links}}
    with scene(None if person else instance) as made:
        _fill(made)
        _sign_in(made.app, made, person)
        made.app.extensions["mail"] = Post()

        def at(origin: str) -> Flask:
            settings = made.app.extensions["portal"]
            made.app.extensions["portal"] = replace(settings, origin=origin)
            made.app.config.update(SESSION_COOKIE_NAME="portal", SESSION_COOKIE_SECURE=False)
            return made.app

        with served(at) as address:
            yield Stage(address, made)


def _sign_in(app: Flask, made: Scene, person: str | None) -> None:
    """No browser has a session here: every page is for the same person, or for none."""

    def always() -> None:
        if request.blueprint != "files":
            g.viewer = made.viewer(person) if person is not None else None

    app.before_request_funcs[None].insert(1, always)


def _log(now: datetime) -> Iterator[dict[str, Any]]:
    """Lines of a sync in which one of two tables fails."""
    error = "the source answers 503; the rows are those of the last good load"
    for level, is_systemd, text in (
        ("info", True, "Starting broker-sync.service - Sync of the data broker's tables..."),
        ("info", False, "table=shop/customers phase=read"),
        ("info", False, "table=shop/customers phase=done status=ok rows=19781 seconds=1.20"),
        ("warning", False, 'table=shop/customers warning="column vat_id is new"'),
        ("error", False, f'table=shop/orders phase=done status=failed error="{error}"'),
        ("info", False, "generation 2026-11-30T120000Z-0001, 2 tables, 19,781 rows, 3.1 s"),
        ("warning", True, "broker-sync.service: Main process exited, code=exited, status=1"),
    ):
        yield {"at": now.isoformat(), "level": level, "text": text, "is_systemd": is_systemd}


def _browser(made: Scene, name: str, now: datetime) -> None:
    """In which the person is signed in, too."""
    auth = made.app.extensions["portal"].instance.auth
    with made.database.begin() as session:
        start_session(
            *(session, made.people[name]),
            method="company",
            auth=auth,
            now=now,
            agent=_FIREFOX,
            address="192.0.2.7",
        )


def _fill(made: Scene) -> None:
    now = datetime.now(UTC)
    for name, classes in (("anna", ["private"]), ("bob", []), ("dora", ["private"])):
        made.door.add(name, email=f"{name}@example.com", classes=classes)
        made.add(name, name, admin=name == "dora")
    made.door.add("ops", email="ops@example.com")
    made.add("cleo")
    pulled = f"{now - timedelta(hours=3):%Y-%m-%dT%H:%M:%SZ}"
    made.browser("dora").post("/datasets", data={"wanted": "sales"})
    generation, old = "2026-11-30T120000Z-0001", "2026-11-29T120000Z-0001"
    laptops = (
        LaptopContact("1" * 16, "doras-macbook", "own", pulled, generation, pulled, 0),
        LaptopContact("2" * 16, "build-01", NO_CHOICE, pulled, old, pulled, 20),
        LaptopContact("", "", NO_CHOICE, pulled, None, pulled, 0),
    )
    made.door.seen |= {"dora": Activity(pulled, pulled, {}, laptops)}
    made.token("dora", Scope.ME, Scope.CATALOG)
    for name in ("dora", "anna"):
        _browser(made, name, now)
    bob, dora = made.browser("bob"), made.browser("dora")
    reason = "The yearly report of the works council needs the head counts of each month."
    bob.post("/access/request", data={"class": "private", "reason": reason})
    dora.post("/access/request", data={"class": "finance", "reason": "Invoices of suppliers."})
    dora.post("/keys/add", data={"key": public_key("second"), "label": "work-laptop"})
    ended = [
        facts_of(
            Ended(
                *(SERVICE, "0123456789abcdef" * 2),
                now - timedelta(hours=hours, minutes=4),
                now - timedelta(hours=hours),
                *("success" if status == "0" else "exit-code", "exited", status),
                "2026-11-30T120000Z-0001" if status != "2" else None,
            )
        )
        for hours, status in ((1, "0"), (7, "1"), (13, "2"), (19, "0"))
    ]
    figures = {"error": None, "tables": 6, "rows": 19_781, "bytes": 8_123_456}
    made.publishing.answers |= {
        "syncs": {"ended": ended, "next": (now + timedelta(hours=5)).isoformat(), "failures": 0},
        "log": {"lines": [*_log(now)], "hidden": 3, "is_cut": False},
        "held": [
            {
                "id": "in.shop.table_3",
                "table": "shop/table_3",
                "access": "public",
                "what": "deletion",
                "found": LOST,
                "rows": 120,
                "words": f"120 rows would go ({LOST[:12]})",
                "approved": False,
            }
        ],
        "generations": [
            {**figures, "generation": OLD, "current": False, "created_at": now.isoformat()},
            {**figures, "generation": "2026-11-30T120000Z-0001", "current": True},
        ],
        "more_readers": [
            {
                "id": "x",
                "table": "shop/table_0",
                "words": "now also public",
                "found": "0" * 64,
                "approved": False,
            }
        ],
        "units": [
            {
                "unit": unit,
                "load": "loaded",
                "active": active,
                "sub": "running",
                "result": "success",
                "enabled": "enabled",
            }
            for unit, active in (
                ("broker-sync.timer", "active"),
                ("broker-audit.service", "failed"),
            )
        ],
        "disks": [{"path": "/data", "bytes": 2 * 10**12, "bytes_free": 10**11}],
        "certificates": [
            {"path": "/etc/ssl/portal.pem", "until": (now + timedelta(days=60)).isoformat()}
        ],
        "proof": {
            "state": "proved",
            "checks": 41_233,
            "unexpected": 0,
            "failed": False,
            "at": now.isoformat(),
        },
        "audit": {
            "events": [
                {
                    "time": f"{now:%Y-%m-%dT%H:%M:%S}.000000Z",
                    "action": "analyst.change",
                    "subject": "anna",
                    "result": "done",
                    "actor": {
                        "uid": 0,
                        "name": "broker-portal",
                        "via": "socket",
                        "claims": {"behalf": "dora@example.com"},
                    },
                }
            ],
            "matches": 1,
        },
    }
