"""Accounts of a host, or of a file for developers: their classes, and whose they still are."""

from __future__ import annotations

import grp
import json
import os
import pwd
from collections.abc import Collection
from pathlib import Path

from ...classes import FIRST_PERSON_UID, PUBLIC, group_of
from ...config import Instance
from ...errors import PortalError
from ..database.models import PortalPerson
from ..viewer import AccountClasses

__all__ = ["UNTIED", "LocalAccounts", "NssAccounts", "is_tied", "tied_account"]

UNTIED = 0  # no analyst's number: the account of this name is not the person's any more


class NssAccounts:
    """Accounts of this host, looked up at each call."""

    def __init__(self, instance: Instance) -> None:
        """``instance`` says which group stands for which class."""
        self._groups = {
            instance.group_of(name) or group_of(name): name for name in instance.class_names
        }

    def uid(self, account: str) -> int | None:
        """The number of an account of the host; None where there is no such account."""
        try:
            return pwd.getpwnam(account).pw_uid
        except KeyError:
            return None

    def has_name(self, name: str) -> bool:
        """Whether an account or a group has it; a new analyst gets a group of their name."""
        try:
            grp.getgrnam(name)
        except KeyError:
            return self.uid(name) is not None
        return True

    def classes(self, account: str, uid: int | None = None) -> Collection[str] | None:
        """The classes whose groups the account is in; None where it is not an analyst's, or its
        number is not ``uid``.

        Who is not in the group of ``public`` is not an analyst, or no longer one.
        """
        try:
            found = pwd.getpwnam(account)
        except KeyError:
            return None
        if found.pw_uid < FIRST_PERSON_UID or uid not in (None, found.pw_uid):
            return None
        names = set()
        for gid in os.getgrouplist(account, found.pw_gid):
            try:
                names.add(grp.getgrgid(gid).gr_name)
            except KeyError:
                continue
        classes = {self._groups[name] for name in names & self._groups.keys()}
        return sorted(classes) if PUBLIC in classes else None


class LocalAccounts:
    """Accounts for developers: a JSON file of account name to classes, read at each call."""

    def __init__(self, path: Path) -> None:
        """``path`` need not exist: no one has an account then."""
        self._path = path

    def uid(self, account: str) -> int | None:
        """The same number for every account of the file, which has none."""
        return None if self.classes(account) is None else FIRST_PERSON_UID

    def has_name(self, name: str) -> bool:
        """Whether the file has it."""
        return self.classes(name) is not None

    def classes(self, account: str, uid: int | None = None) -> Collection[str] | None:
        """The classes of an account; None where the file does not have it. All have one number."""
        try:
            accounts = json.loads(self._path.read_text())
            found = accounts.get(account)
            is_other = found is None or uid not in (None, FIRST_PERSON_UID)
            return None if is_other else [str(name) for name in found]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise PortalError(
                "the file of accounts cannot be read",
                where=str(self._path),
                expected='JSON such as {"anna": ["public"]}',
            ) from error


def is_tied(person: PortalPerson, uid: int | None) -> bool:
    """Whether the account of the person's name has the number that it had when it became theirs.

    An account that was removed and made anew has another one: it may be another person's.
    """
    return person.account_uid is not None and uid == person.account_uid


def tied_account(person: PortalPerson, accounts: AccountClasses) -> str | None:
    """The account of a person, asked of the host now; None where it is not theirs, or gone."""
    if person.account is None or not is_tied(person, accounts.uid(person.account)):
        return None
    return person.account
