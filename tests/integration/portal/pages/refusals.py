"""Each form of the portal with a wrong value, or sent when something else has happened meanwhile.

A browser that checks forms would send some of them not at all; these are sent as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Page

from broker.portal.database.models import AccessRequest, Decision, PersonState, PortalPerson

from .acts import begin_device
from .gallery import OLD, Stage

__all__ = ["NEVER_REFUSED", "REFUSALS", "Refusal"]

# Nothing is typed into them, and the host is not asked.
NEVER_REFUSED = {"signing_in.sign_out", "seeing.stop", "admin.sign_out"}
_FILL = """(form, values) => {
  form.noValidate = true;
  for (const [name, value] of Object.entries(values)) {
    for (const field of form.querySelectorAll(`[name=${name}]`)) { field.value = value; }
  }
}"""
_PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"


@dataclass(frozen=True)
class Refusal:
    """``action`` is the end of the form's address on ``page``, whose ``button`` is pressed."""

    page: str | Callable[[Page, Stage], None]
    action: str
    words: str
    values: Mapping[str, str] = field(default_factory=dict)
    button: str = ""
    meanwhile: Callable[[Stage], None] | None = None
    person: str | None = "dora"

    @property
    def is_harmless(self) -> bool:
        """Whether the portal is as before."""
        return isinstance(self.page, str) and self.meanwhile is None

    def send(self, page: Page, stage: Stage) -> None:
        """Open the page, and send its form."""
        if isinstance(self.page, str):
            page.goto(stage.origin + self.page)
        else:
            self.page(page, stage)
        form = page.locator(f"form[action$='{self.action}']").filter(has_text=self.button).first
        form.evaluate(
            "one => { for (let up = one; up; up = up.parentElement) { up.open = true; } }"
        )
        form.evaluate(_FILL, dict(self.values))
        if self.meanwhile is not None:
            self.meanwhile(stage)
        form.get_by_role("button", name=self.button, exact=True).click()


def _bob_withdraws(stage: Stage) -> None:
    with stage.scene.database.begin() as session:
        one = session.get_one(AccessRequest, 1)
        one.decision = Decision.WITHDRAWN


def _bob_is_removed(stage: Stage) -> None:
    with stage.scene.database.begin() as session:
        session.get_one(PortalPerson, stage.scene.people["bob"]).state = PersonState.REMOVED


def _host_is_down(stage: Stage) -> None:
    stage.scene.door.close()


def _anna_loses_her_account(page: Page, stage: Stage) -> None:
    with stage.scene.database.begin() as session:
        session.get_one(PortalPerson, stage.scene.people["anna"]).account_uid = 4_000
    page.goto(f"{stage.origin}/admin/people/{stage.scene.people['anna']}")


def _bob_was_removed(page: Page, stage: Stage) -> None:
    _bob_is_removed(stage)
    page.goto(f"{stage.origin}/admin/people/{stage.scene.people['bob']}")


def _leaves_out_what_another_needs(page: Page, stage: Stage) -> None:
    page.goto(f"{stage.origin}/datasets")
    page.locator("[name=wanted][value=sales]").uncheck()
    page.locator("[name=wanted][value=people]").check()


REFUSALS: Mapping[str, Refusal] = {
    "signing_in.send_link": Refusal(
        *("/sign-in", "/sign-in/email", "This is not an e-mail address."),
        {"email": "eva at example.org"},
        "Send me a link",
        person=None,
    ),
    "signing_in.follow_link": Refusal(
        *("/sign-in/link/x", "/sign-in/link", "This link was used before"),
        button="Sign in",
        person=None,
    ),
    "theme.choose": Refusal(
        "/keys", "/theme", "The request is not valid.", {"theme": "neon"}, "Dark"
    ),
    "welcome.give_key": Refusal(
        *("/welcome", "/welcome/key", "private"), {"key": _PRIVATE}, "Use this key", person="cleo"
    ),
    "keys.add": Refusal(
        "/keys", "/keys/add", "key", {"key": "ssh-ed25519 AAAA", "label": ""}, "Add"
    ),
    "keys.rotate": Refusal("/keys", "/keys/rotate", "private", {"key": _PRIVATE}, "Replace"),
    "keys.revoke": Refusal(
        "/keys", "/keys/revoke", "key", {"fingerprint": "SHA256:" + "a" * 43}, "Revoke key"
    ),
    "keys.make": Refusal("/keys", "/tokens/make", "scope", {"name": "x"}, "Make token"),
    "keys.end_token": Refusal(
        "/keys", "/tokens/revoke", "There is no such page.", {"id": "999"}, "Revoke"
    ),
    "keys.end_browser": Refusal(
        "/keys", "/browsers/end", "There is no such page.", {"digest": "0" * 64}, "Sign out"
    ),
    "datasets.choose": Refusal(
        *(_leaves_out_what_another_needs, "/datasets", "needs another one that is left out"),
        button="Send this choice to my laptops",
    ),
    "access.ask": Refusal(
        *("/access", "/access/request", "Nothing was requested."),
        {"reason": "  "},
        "Send the request",
    ),
    "access.take_back": Refusal(
        "/access", "/access/withdraw", "There is no such page.", {"id": "999"}, "Withdraw"
    ),
    "device.show": Refusal("/device", "/device", "No program waits", {"code": "XXXX-XXXX"}, "Next"),
    "device.answer": Refusal(
        begin_device, "/device/answer", "No program waits", {"code": "XXXX-XXXX"}, "Allow"
    ),
    "admin.answer": Refusal(
        *("/admin/requests", "/admin/requests/1", "Nothing was decided."),
        {"comment": "Welcome."},
        "Grant",
        _bob_withdraws,
    ),
    "admin.run": Refusal("/admin/syncs", "/syncs/run", "this is refused", button="Run now"),
    "admin.approve": Refusal("/admin/syncs", "/syncs/approve", "this is refused", button="Approve"),
    "admin.roll_back": Refusal(
        f"/admin/generations/{OLD}", "/publish", "this is refused", button="Publish this generation"
    ),
    "admin.approve_readers": Refusal(
        *(f"/admin/generations/{OLD}", "/approve", "this is refused"),
        button="Approve these readers",
    ),
    "admin.change_class": Refusal(
        "/admin/accounts/ops", "/accounts/ops/classes", "account", {"uid": "4000"}, "Grant"
    ),
    "admin.revoke_key": Refusal(
        *("/admin/accounts/ops", "/accounts/ops/keys/revoke", "key"),
        {"fingerprint": "SHA256:" + "a" * 43},
        "Revoke key",
    ),
    "admin.remove": Refusal(
        "/admin/accounts/ops", "/accounts/ops/remove", "account", {"uid": "4000"}, "Off-board"
    ),
    "admin.change_admin": Refusal(
        *("/admin/people/2", "/people/2/admin", "The request is not valid."),
        button="Make an admin",
        meanwhile=_bob_is_removed,
    ),
    "admin.see": Refusal(
        *("/admin/people/2", "/people/2/see-as", "The request is not valid."),
        button="See the portal as this person",
        meanwhile=_bob_is_removed,
    ),
    "admin.readmit": Refusal(
        *(_bob_was_removed, "/people/2/readmit", "does not answer"),
        button="Allow signing in again",
        meanwhile=_host_is_down,
    ),
    "admin.change_tie": Refusal(
        *(_anna_loses_her_account, "/people/1/account", "the host has another account by now"),
        {"uid": "4001"},
        "Confirm as theirs",
    ),
}
