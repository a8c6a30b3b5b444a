"""Analysts, as the helper for accounts knows them, and what it is asked to change of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from ...accounts.records.first_contact import ContactLines
from ...errors import AccountsError, BrokerError, LockedError
from ...foreign.text import is_plain
from ..viewer import AccountId
from .facts import AccountFacts

__all__ = ["AccountActs", "HostHelper"]

_KEEP_SECONDS = 10.0
_CONTACT_SECONDS = 300.0
_STALE_SECONDS = 60.0  # past which not even a busy host excuses what was kept


class HostHelper(Protocol):
    """One of the helpers, asked for a person."""

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Its answer; raises ``BrokerError`` with what it refuses, or why it does not answer."""


class AccountActs:
    """``helper_for(email)`` asks in the name of a person, for the audit log of the host.

    What concerns an account names it with its number, so that the host refuses where the name is
    another account's by the time at which it acts.

    The helper answers the portal only so often. So one list of all analysts is kept for 10
    seconds, however many people look; an act forgets it. ``fresh`` asks for one analyst now, for
    pages that show an effect. One person may act ``most`` often, and look so often, so that
    others can, too. Safe for several threads.
    """

    def __init__(
        self, helper_for: Callable[[str | None], HostHelper], most: str = "20 per minute"
    ) -> None:
        self._helper_for = helper_for
        self._most = parse(most)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._kept: tuple[float, tuple[AccountFacts, ...]] | None = None
        self._contacts: dict[tuple[AccountId, str], tuple[float, ContactLines]] = {}
        self._lock = threading.Lock()

    def analysts(self, *, fresh: bool = False) -> tuple[AccountFacts, ...]:
        """Every analyst, by name."""
        now = time.monotonic()
        with self._lock:
            kept = self._kept
        if kept is not None and not fresh and now - kept[0] < _KEEP_SECONDS:
            return kept[1]
        try:
            found = self._looked_up(None)
        except LockedError:
            if kept is None or fresh or now - kept[0] > _STALE_SECONDS:
                raise
            return kept[1]
        with self._lock:
            self._kept = (now, found)
        return found

    def analyst_now(self, name: str) -> AccountFacts | None:
        """Who has this account name on the host now, and in no case who had it before.

        For what admins do and prove. Raises ``BrokerError`` where the host does not say.
        """
        found = self._looked_up(name)
        self._replace(name, found)
        return next(iter(found), None)

    def analyst(self, account: AccountId | None, *, fresh: bool = False) -> AccountFacts | None:
        """The analyst of this account; None where the host has none, or another of its name.

        One who is not in the list that is kept is looked up: another process may have made the
        account since.
        """
        if account is None:
            return None
        if fresh and self._limiter.hit(self._most, "look", account.name):
            return _same(self.analyst_now(account.name), account)
        found = _same(self.holder_of(account.name), account)
        if found is None and not fresh and self._limiter.hit(self._most, "look", account.name):
            return _same(self.analyst_now(account.name), account)
        return found

    def holder_of(self, name: str | None) -> AccountFacts | None:
        """Who has this account name in the list that is kept, also after another one."""
        return next((one for one in self.analysts() if one.name == name), None)

    def contact(self, behalf: str, account: AccountId, address: str) -> ContactLines:
        """The lines with which an analyst begins on a laptop; no address is the host's name.

        They say the keys of the host, so they are kept for some minutes, until an act. Raises
        ``BrokerError`` where the host does not say, or not in plain text.
        """
        now = time.monotonic()
        with self._lock:
            kept = self._contacts.get((account, address))
        if kept is not None and now - kept[0] < _CONTACT_SECONDS:
            return kept[1]
        answer = self._helper_for(behalf).call(
            "contact", **_named(account), address=address or None
        )
        lines = ContactLines(_plain(answer["lines"]), _plain(answer["windows"]))
        with self._lock:
            self._contacts[account, address] = now, lines
        return lines

    def register(self, behalf: str, name: str, email: str, key: str) -> AccountId:
        """A new analyst, of the class public. Raises ``AccountsError`` where the name is taken."""
        if self.analyst_now(name) is not None:
            raise AccountsError("an account of this name is there already", where=name)
        made = self._act(behalf, "add", name=name, email=email, keys=[key], classes=[])
        (analyst,) = made["analysts"]
        return AccountId(name, int(analyst["uid"]))

    def add_key(self, behalf: str, account: AccountId, key: str, label: str = "") -> None:
        """One more key."""
        self._act_on(behalf, "key-add", account, key=key, label=label or None)

    def rotate_key(self, behalf: str, account: AccountId, old: str, key: str, grace: str) -> None:
        """A new key in place of ``old``, which ends after ``grace`` (``7d``; ``0m`` is at once)."""
        self._act_on(behalf, "key-rotate", account, key=key, old=[old], grace=grace)

    def revoke_key(self, behalf: str, account: AccountId, fingerprint: str) -> None:
        """End a key at once, and the sessions that it opened."""
        self._act_on(behalf, "key-revoke", account, old=[fingerprint])

    def grant(self, behalf: str, account: AccountId, access_class: str) -> None:
        """Let an analyst read a class."""
        self._act_on(behalf, "grant", account, classes=[access_class])

    def revoke(self, behalf: str, account: AccountId, access_class: str) -> None:
        """No longer let an analyst read a class."""
        self._act_on(behalf, "revoke", account, classes=[access_class])

    def remove(self, behalf: str, account: AccountId) -> None:
        """Remove the account; its home is archived."""
        self._act_on(behalf, "remove", account, home="archive")

    def certificate(self, behalf: str, account: AccountId, fingerprint: str) -> dict[str, Any]:
        """A certificate for a key: ``certificate`` (its line), ``serial``, ``until``."""
        return self._act_on(behalf, "certificate", account, label=fingerprint)

    def choose_datasets(
        self, behalf: str, account: AccountId, without: Sequence[str], seen: str
    ) -> None:
        """Pass on to the laptops of an analyst which datasets they leave out.

        ``seen`` is the id of the choice that this changes, empty where there is none.
        """
        self._act_on(behalf, "choose-datasets", account, without=[*without], seen=seen)

    def _act_on(self, behalf: str, verb: str, account: AccountId, **fields: Any) -> dict[str, Any]:
        return self._act(behalf, verb, **_named(account), **fields)

    def _act(self, behalf: str, verb: str, **fields: Any) -> dict[str, Any]:
        if not self._limiter.hit(self._most, "act", behalf):
            raise LockedError(
                "you change accounts too often",
                expected=f"at most {self._most}",
                remedy="Try again in a minute.",
            )
        try:
            return self._helper_for(behalf).call(verb, **fields)
        finally:
            with self._lock:
                self._kept = None
                self._contacts.clear()

    def _replace(self, name: str, found: tuple[AccountFacts, ...]) -> None:
        """The list that is kept knows no less than what was just looked up."""
        with self._lock:
            if self._kept is not None:
                at, rows = self._kept
                others = [one for one in rows if one.name != name]
                self._kept = (at, tuple(sorted([*others, *found], key=lambda one: one.name)))

    def _looked_up(self, name: str | None) -> tuple[AccountFacts, ...]:
        rows: Sequence[Any] = self._helper_for(None).call("list", name=name)["analysts"]
        return tuple(map(AccountFacts.of, rows))


def _plain(lines: Sequence[Any]) -> list[str]:
    """Lines that people paste: each must be on the page what a terminal gets."""
    found = [str(line) for line in lines]
    if not all(map(is_plain, found)):
        raise BrokerError(
            "the host answers with lines for a laptop that hold characters which do not print",
            remedy="Look at `broker analyst contact` on the host before anyone pastes them.",
        )
    return found


def _named(account: AccountId) -> dict[str, str]:
    return {"name": account.name, "uid": str(account.uid)}


def _same(found: AccountFacts | None, account: AccountId) -> AccountFacts | None:
    return found if found is not None and found.id == account else None
