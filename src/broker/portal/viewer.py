"""Who looks at a page, and what they may know: the one way from a person to an audience."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from ..classes import PUBLIC
from ..manifest import Audience

__all__ = ["AccountClasses", "AccountId", "Viewer", "audience_of"]


@dataclass(frozen=True, slots=True)
class AccountId:
    """One account of the host, now and ever: a name may be another person's after a removal, and
    a number (uid) is never given twice. What is asked of an account names both."""

    name: str
    uid: int


class AccountClasses(Protocol):
    """What the host knows of accounts now; no right is kept anywhere else."""

    def uid(self, account: str) -> int | None:
        """The number of a Linux account; None where there is no such account."""

    def has_name(self, name: str) -> bool:
        """Whether an account or a group of the host has this name, also one of the system."""

    def classes(self, account: str, uid: int | None = None) -> Collection[str] | None:
        """The access classes of a Linux account, of that with this number where one is given;
        None where there is no such analyst."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who is signed in. ``account`` is None until they have one on the host, and with it
    ``account_uid``, its number.

    ``lost_account`` is the name of one that was theirs, and is gone or another one by now.
    ``is_trusted`` says that they came by a door whose word for their address counts: without it
    a person is never an admin, and takes nothing over that was made for the address.
    """

    person_id: int
    email: str
    name: str
    account: str | None
    is_admin: bool
    is_trusted: bool
    lost_account: str | None = None
    account_uid: int | None = None

    @property
    def account_id(self) -> AccountId | None:
        """Their account, as what is asked of it names it."""
        if self.account is None or self.account_uid is None:
            return None
        return AccountId(self.account, self.account_uid)


def audience_of(viewer: Viewer, accounts: AccountClasses) -> Audience:
    """What this person may know, asked of the host at each call.

    Without an account, or with one that was removed, a person knows what ``public`` knows: every
    person who may sign in gets that class.
    """
    account = viewer.account_id
    found = accounts.classes(account.name, account.uid) if account is not None else None
    return Audience.of(found or (PUBLIC,))
