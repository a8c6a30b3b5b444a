"""Pages that have no address to open: an act makes them, or something that fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from playwright.sync_api import Page

from broker.catalog.places import details_path
from broker.classes import CATALOG
from broker.manifest import Audience
from broker.portal.database.models import MailHealth
from broker.portal.identity.magic_links import new_link
from tests.unit.catalog.example import GENERATION

from .gallery import Stage

__all__ = ["ACTS", "Act", "begin_device"]


@dataclass(frozen=True)
class Act:
    """``do`` leads a browser to the page, which has these words. No person: not signed in."""

    do: Callable[[Page, Stage], None]
    words: str
    person: str | None = "dora"


def _makes_a_token(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.origin}/keys")
    page.locator("summary", has_text="Make a token").click()
    page.get_by_label("Name", exact=True).last.fill("nightly report")
    page.get_by_label("me:read").check()
    page.get_by_role("button", name="Make token").click()


def begin_device(page: Page, stage: Stage, address: str = "127.0.0.1") -> None:
    """The page that asks whether the program may in, which was started at ``address``."""
    begun = page.request.post(
        f"{stage.origin}/api/v1/device/code",
        form={"client_id": "data-broker on doras-macbook", "scope": "me:read catalog:read"},
        headers={"X-Forwarded-For": address},
    )
    page.goto(f"{stage.origin}/device?code={begun.json()['user_code']}")
    page.get_by_role("button", name="Next").click()


def _sees_as(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.origin}/admin/people/{stage.scene.people['anna']}")
    page.get_by_role("button", name="See the portal as this person").click()


def _acts_as(page: Page, stage: Stage) -> None:
    """Which no one may."""
    _sees_as(page, stage)
    page.goto(f"{stage.origin}/access")
    page.get_by_label("What for").fill("For her.")
    page.get_by_role("button", name="Send the request").click()


def _off_boards(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.origin}/admin/people/{stage.scene.people['anna']}")
    page.locator("summary", has_text="Off-board").click()
    page.get_by_role("button", name="Off-board").click()


def _off_boards_without_a_host(page: Page, stage: Stage) -> None:
    stage.scene.door.close()
    _off_boards(page, stage)


def _approves(page: Page, stage: Stage) -> None:
    answers = stage.scene.publishing.answers
    answers["approve"] = {"approved": "in.shop.table_3"}
    page.goto(f"{stage.origin}/admin/syncs")
    page.locator("#held summary", has_text="Approve").click()
    answers["held"][0]["approved"] = True
    page.locator("#held").get_by_role("button", name="Approve").click()


def _reads_damage(page: Page, stage: Stage) -> None:
    audience = Audience.of(["public", "private"])
    store = stage.scene.app.extensions["portal"].store
    file = store / CATALOG / GENERATION / audience.path / details_path("shop/table_0")
    file.write_bytes(b"[1]")
    page.goto(f"{stage.origin}/catalog/table/shop/table_0")


def _has_a_damaged_database(page: Page, stage: Stage) -> None:
    for file in stage.scene.database.path.parent.glob("portal.sqlite3*"):
        file.write_bytes(b"no database" * 1_000)
    stage.scene.database.engine.dispose()
    page.goto(f"{stage.origin}/keys")


def _without_a_host(path: str) -> Callable[[Page, Stage], None]:
    def goes(page: Page, stage: Stage) -> None:
        stage.scene.door.close()
        stage.scene.publishing.is_down = True
        page.goto(f"{stage.origin}{path}")

    return goes


def _requests_a_link(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.origin}/sign-in")
    page.get_by_label("E-mail address").fill("eva@example.org")
    page.get_by_role("button", name="Send me a link").click()


def _requests_a_link_in_vain(page: Page, stage: Stage) -> None:
    now = datetime.now(UTC)
    with stage.scene.database.begin() as session:
        session.add(MailHealth(id=1, failed_at=now, problem="the server refuses the password"))
    page.goto(f"{stage.origin}/sign-in/email/sent")


def _opens_a_link(page: Page, stage: Stage) -> None:
    with stage.scene.database.begin() as session:
        token = new_link(session, "eva@example.org", now=datetime.now(UTC))
    page.goto(f"{stage.origin}/sign-in/link/{token}")


def _signs_out(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.origin}/sign-in?out=1")


def _asks_too_often(page: Page, stage: Stage) -> None:
    for _ in range(121):
        answer = page.request.get(f"{stage.origin}/sign-in/email/sent")
        if answer.status == 429:
            break
    page.goto(f"{stage.origin}/sign-in/email/sent")


def _goes_to_another_host(page: Page, stage: Stage) -> None:
    page.goto(stage.origin.replace("127.0.0.1", "localhost"))


ACTS: Mapping[str, Act] = {
    "token-shown-once": Act(_makes_a_token, "This is the only time that it is shown."),
    "device": Act(begin_device, "in as you?"),
    "device-from-elsewhere": Act(
        lambda page, stage: begin_device(page, stage, "198.51.100.7"),
        "That is not the network of this browser.",
    ),
    "seen-as": Act(_sees_as, "and can change nothing"),
    "seen-as-refuses-acts": Act(_acts_as, "Stop viewing as this person"),
    "off-boarded": Act(_off_boards, "No access is left"),
    "off-boarded-without-a-host": Act(_off_boards_without_a_host, "Some access is left"),
    "approved": Act(_approves, "approved, and published by the next sync"),
    "damaged-catalog": Act(_reads_damage, "The catalog cannot be read"),
    "damaged-database": Act(_has_a_damaged_database, "database"),
    "home-without-a-host": Act(_without_a_host("/"), "The host does not"),
    "welcome-without-a-host": Act(_without_a_host("/welcome"), "The host does not answer"),
    "keys-without-a-host": Act(_without_a_host("/keys"), "The host does not say"),
    "datasets-without-a-host": Act(_without_a_host("/datasets"), "The host does not say"),
    "overview-without-a-host": Act(_without_a_host("/admin/"), "not"),
    "syncs-without-a-host": Act(_without_a_host("/admin/syncs"), "Not everything is known."),
    "health-without-a-host": Act(_without_a_host("/admin/health"), "Not everything is known."),
    "audit-without-a-host": Act(_without_a_host("/admin/audit"), "does not answer"),
    "link-requested": Act(_requests_a_link, "a link is on its way", None),
    "link-requested-in-vain": Act(_requests_a_link_in_vain, "E-mail does not work", None),
    "link-opened": Act(_opens_a_link, "You sign in as eva@example.org", None),
    "signed-out": Act(_signs_out, "You are signed out.", None),
    "too-many-requests": Act(_asks_too_often, "There were too many requests.", None),
    "another-host": Act(_goes_to_another_host, "This portal has another address.", None),
}
