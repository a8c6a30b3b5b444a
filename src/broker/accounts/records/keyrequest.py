"""What a caller wants of the keys of one person who is there already."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from ...errors import AccountsError
from .keys import Key, parse_keys
from .model import ALL_OTHERS, Request, Role
from .names import check_name, person_in_error
from .times import render_time, time_after

__all__ = ["key_request"]

_NO_GRACE = re.compile(r"0{1,4}[mhdw]")


def key_request(
    name: str,
    state: Literal["present", "rotated", "absent"],
    *,
    key: str | None = None,
    label: str | None = None,
    expires: str | None = None,
    old: Iterable[str] = (),
    grace: str = "7d",
    role: Role = "analyst",
) -> Request:
    """Add ``key``, rotate to it, or revoke those in ``old``. Raises ``AccountsError``.

    A rotation with a grace of nothing (``0m``) revokes the old keys.
    """
    where = person_in_error(check_name(name, role), role)
    if state == "absent":
        return Request(name, retired=_some(old, where), known=True, role=role)
    entry = {"key": key or "", "name": label, "expires": expires}
    added = parse_keys([entry], where=where)
    _refuse_ended(added, expires, where)
    if state == "present":
        return Request(name, added=added, known=True, role=role)
    until = None if _NO_GRACE.fullmatch(grace) else time_after(grace, where=where)
    retired = tuple(old) or (ALL_OTHERS,)
    return Request(name, added=added, retired=retired, until=until, known=True, role=role)


def _refuse_ended(keys: Iterable[Key], expires: str | None, where: str) -> None:
    """A new key that has ended opens nothing, and the old ones end."""
    now = render_time(datetime.now(UTC))
    if any(key.expires is not None and key.expires <= now for key in keys):
        raise AccountsError(
            "the end of the new key is in the past",
            where=where,
            expected="an end in the future, in UTC",
            found=repr(expires),
            remedy="Nothing was changed. Give a later end, or none.",
        )


def _some(labels: Iterable[str], where: str) -> tuple[str, ...]:
    found = tuple(labels)
    if not found:
        raise AccountsError("no key is named", where=where, remedy="Give its name or fingerprint.")
    return found
