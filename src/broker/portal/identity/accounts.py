"""The classes of an account: of a host by its groups, or of a file for developers."""

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

__all__ = ["LocalAccounts", "NssAccounts"]


class NssAccounts:
    """Accounts of this host, looked up at each call."""

    def __init__(self, instance: Instance) -> None:
        """``instance`` says which group stands for which class."""
        self._groups = {
            instance.group_of(name) or group_of(name): name for name in instance.class_names
        }

    def classes(self, account: str) -> Collection[str] | None:
        """The classes whose groups the account is in; None where it is not an analyst's.

        Who is not in the group of ``public`` is not an analyst, or no longer one.
        """
        try:
            found = pwd.getpwnam(account)
        except KeyError:
            return None
        if found.pw_uid < FIRST_PERSON_UID:
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

    def classes(self, account: str) -> Collection[str] | None:
        """The classes of an account; None where the file does not have it."""
        try:
            accounts = json.loads(self._path.read_text())
            found = accounts.get(account)
            return None if found is None else [str(name) for name in found]
        except FileNotFoundError:
            return None
        except (OSError, ValueError, AttributeError, TypeError) as error:
            raise PortalError(
                "the file of accounts cannot be read",
                where=str(self._path),
                expected='JSON such as {"anna": ["public"]}',
            ) from error
