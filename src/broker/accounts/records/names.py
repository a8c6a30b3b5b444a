"""Names and e-mail addresses of people: what may become a Linux account, and what may not."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...classes import RESERVED_NAMES
from ...errors import AccountsError, nearest
from ...foreign.addresses import is_address

__all__ = [
    "check_email",
    "check_host_address",
    "check_name",
    "listed_by",
    "person_in_error",
    "unknown_person",
]

# adduser's NAME_REGEX without the capital letters, dots and dollar of samba machines; 32 is
# the length that utmp and useradd take.
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_ADDRESS = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_RESERVED_STARTS = ("data", "broker", "systemd-")


def person_in_error(name: object, role: str = "analyst") -> str:
    """How a message names a person: one line, whatever the text holds."""
    shown = str(name)
    return f"{role} {shown[:40]!r}" + (" (cut)" if len(shown) > 40 else "")


def listed_by(role: str) -> str:
    """The command that lists the people in a role."""
    return "list-analysts" if role == "analyst" else f"broker {role} list"


def unknown_person(name: str, known: Iterable[str], role: str = "analyst") -> AccountsError:
    """The error for a name that no one in this role has, with the nearest that one has."""
    near = nearest(name, known)
    remedy = f"Did you mean {near}?" if near else f"Look at the names with: {listed_by(role)}."
    return AccountsError(
        f"there is no such {role}", where=person_in_error(name, role), remedy=remedy
    )


def check_name(name: str, role: str = "analyst") -> str:
    """The name itself, when it may be a person's on any host. Raises ``AccountsError``."""
    if not _NAME.fullmatch(name):
        raise AccountsError(
            "this is not a valid user name",
            where=person_in_error(name, role),
            expected="1 to 32 of a-z, 0-9, '_' and '-', beginning with a letter",
            remedy="Choose such a name, for example first name and initial: annak.",
        )
    if name in RESERVED_NAMES or name.startswith(_RESERVED_STARTS):
        raise AccountsError(
            "this name is reserved for the system",
            where=person_in_error(name, role),
            remedy="Choose another name.",
        )
    return name


def check_email(email: str, *, where: str) -> str:
    """The address itself, when it looks like one. Raises ``AccountsError``."""
    if not is_address(email):
        raise AccountsError(
            "this is not an e-mail address",
            where=where,
            expected="name@domain, at most 254 characters",
            found=repr(email[:60]),
        )
    return email


def check_host_address(address: str) -> str:
    """The name or address of a host itself, when it looks like one. Raises ``AccountsError``."""
    if not _ADDRESS.fullmatch(address):
        raise AccountsError(
            "this is not the address of a host",
            where="address",
            expected="a DNS name or an IP address",
        )
    return address
