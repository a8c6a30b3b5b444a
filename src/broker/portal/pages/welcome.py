"""The way of a new person: a key, an account, the line for the laptop, the first sync."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, g, jsonify, render_template, request
from werkzeug import Response

from ...accounts.records.first_contact import ContactLines
from ...errors import AccountsError, BrokerError
from ..acts.facts import AccountFacts
from ..acts.host import host_acts
from ..acts.pasted import pasted_key
from ..identity.current import signed_in
from ..registration import register, suggested_account
from .acting import (
    account_of,
    database,
    explained,
    go,
    note,
    person,
    refuse,
    settings,
    typed,
)

__all__ = ["welcome"]

welcome = Blueprint("welcome", __name__)
_MOST_KEY = 20_000


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """How a key is made on one kind of computer; ``show`` copies or prints its public half."""

    system: str
    words: tuple[str, ...]
    make: str
    show: str
    where: str = "a terminal"


COMMANDS = (
    KeyCommand(
        "macOS",
        ("mac os", "macintosh"),
        "ssh-keygen -t ed25519",
        "pbcopy < ~/.ssh/id_ed25519.pub",
    ),
    KeyCommand(
        "Windows with WSL",
        ("windows",),
        "ssh-keygen -t ed25519",
        "clip.exe < ~/.ssh/id_ed25519.pub",
    ),
    KeyCommand(
        "Windows without WSL",
        ("windows",),
        "ssh-keygen -t ed25519",
        'Get-Content "$HOME\\.ssh\\id_ed25519.pub" | Set-Clipboard',
        where="PowerShell",
    ),
    KeyCommand(
        "Linux",
        ("linux", "x11", "cros"),
        "ssh-keygen -t ed25519",
        "cat ~/.ssh/id_ed25519.pub",
    ),
)


@dataclass(frozen=True, slots=True)
class NewcomerProgress:
    """Which steps are done, as the host says it now."""

    account: AccountFacts | None
    problem: str = ""

    @property
    def step(self) -> str:
        """``key``, ``sync`` or ``done``; ``unknown`` where the host does not say."""
        if self.problem:
            return "unknown"
        if self.account is None or not self.account.accepted(datetime.now(UTC)):
            return "key"
        return "done" if self.account.last_sync else "sync"


def progress() -> NewcomerProgress:
    """How far this person is. Another process of the portal may have taken their key just now."""
    account, problem = account_of(person())
    found = NewcomerProgress(account, problem)
    if found.step == "key" and account is not None:
        found = NewcomerProgress(*account_of(person(), fresh=True))
    return found


@welcome.get("/welcome")
@signed_in
def steps() -> str:
    """All steps, those that are done with what came of them."""
    found = progress()
    contact, contact_problem = _contact(found.account)
    name, reason, name_problem = _name(found)
    return render_template(
        "welcome/steps.html",
        progress=found,
        name=name,
        reason=reason,
        name_problem=name_problem,
        commands=ordered_commands(request.user_agent.string),
        contact=contact,
        on_windows="windows" in request.user_agent.string.lower(),
        contact_problem=contact_problem,
    )


@welcome.get("/welcome/progress")
@signed_in
def step() -> Response:
    """The same in one word, for the script that waits."""
    return jsonify({"step": progress().step})


@welcome.post("/welcome/key")
@signed_in
def give_key() -> Response:
    """Make the account with this key, or add the key to the account."""
    viewer, accounts = person(), host_acts().accounts
    account = viewer.account_id
    try:
        key = pasted_key(typed("key", _MOST_KEY))
        if account is None or accounts.analyst(account, fresh=True) is None:
            register(database(), host_acts(), viewer, key, settings().instance)
        else:
            accounts.add_key(viewer.email, account, key.line, typed("label", 63))
            note("key.add", key.fingerprint)
    except BrokerError as error:
        refuse(error)
        return go("welcome.steps")
    return go("welcome.steps", _anchor="laptop")


def ordered_commands(agent: str) -> list[KeyCommand]:
    """Those of the visitor's system first."""
    known = agent.lower()
    return sorted(COMMANDS, key=lambda one: not any(word in known for word in one.words))


def _contact(account: AccountFacts | None) -> tuple[ContactLines | None, str]:
    """The lines for the laptop, or why there are none."""
    if account is None or not account.accepted(datetime.now(UTC)):
        return None, ""
    address = settings().instance.server.hostname or settings().instance.server.host
    try:
        asks = g.get("real_viewer") or person()  # an admin may look as this person
        return host_acts().accounts.contact(asks.email, account.id, address), ""
    except BrokerError as error:
        return None, explained(error)


def _name(found: NewcomerProgress) -> tuple[str, str, str]:
    """What the account is or will be called, why, and why there is no name."""
    if found.account is not None:
        return found.account.name, "", ""
    try:
        chosen = suggested_account(database(), host_acts(), person(), settings().instance)
    except AccountsError as error:
        return "", "", explained(error)
    except BrokerError:
        return "", "", ""
    return chosen.name, chosen.reason or "", ""
