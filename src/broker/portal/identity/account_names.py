"""Which account name the portal suggests to a person, and why not the one they expect."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from ...accounts.records.names import check_name
from ...errors import AccountsError

__all__ = ["SuggestedName", "declared_name", "is_account_name", "suggest_name"]

_LONGEST = 32
_MOST_NUMBERS = 1000


@dataclass(frozen=True, slots=True)
class SuggestedName:
    """A name that is free and valid. ``reason`` says why it is not the part before the @."""

    name: str
    reason: str | None = None


def declared_name(email: str, mapping: Mapping[str, str], domains: Collection[str]) -> str | None:
    """The account name of ``username_mapping`` for a folded address; None where it has none.

    ``domains`` are those of ``allowed_domain``. A part before the @ counts for the one allowed
    domain alone: at another one it is another person.
    """
    local, _, domain = email.rpartition("@")
    return mapping.get(email) or (mapping.get(local) if {*domains} == {domain} else None)


def suggest_name(
    email: str, declared: str | None, is_taken: Callable[[str], bool]
) -> SuggestedName:
    """The account name for a folded address.

    ``declared`` is that of the instance, ``is_taken`` says whether another person or the host has
    the name. Raises ``AccountsError`` where no name is left, or the declared one is taken.
    """
    local, _, domain = email.rpartition("@")
    if declared is not None:
        if is_taken(declared):
            raise AccountsError(
                "the account name that this person should get is in use",
                where=f"username_mapping of {email}",
                found=declared,
                remedy="Ask an admin to name another one in username_mapping.",
            )
        return SuggestedName(declared, "It was set by the administrators.")
    wanted = _plain(local)
    for name in _candidates(wanted, domain):
        if is_account_name(name) and not is_taken(name):
            return SuggestedName(name, _reason(name, local, wanted))
    raise AccountsError(
        "there is no free account name for this address",
        where=email,
        remedy="Name one in username_mapping.",
    )


def _plain(local: str) -> str:
    """The part before the @ in the characters of account names, without what follows a +."""
    letters = re.sub(r"[^a-z0-9_-]+", "-", local.lower().partition("+")[0])
    return letters.strip("-_").lstrip("0123456789-_")[:_LONGEST]


def _candidates(wanted: str, domain: str) -> list[str]:
    company = _plain(domain.partition(".")[0])
    both = [f"{wanted}-{company}", f"{company}-{wanted}"]  # a reserved beginning may end a name
    longer = [wanted, *(name[:_LONGEST].strip("-") for name in both)] if wanted else [company]
    base = (wanted or company or "analyst")[: _LONGEST - 4]
    return [*longer, *(f"{base}{number}" for number in range(2, _MOST_NUMBERS))]


def is_account_name(name: str) -> bool:
    """Whether an account of the host may have it."""
    try:
        check_name(name)
    except AccountsError:
        return False
    return True


def _reason(name: str, local: str, wanted: str) -> str | None:
    if name == local:
        return None
    if name == wanted:
        return "Account names have a-z, 0-9, _ and - alone."
    if not is_account_name(wanted):
        return f"The name {wanted or 'before the @'} is reserved or not valid on the host."
    return f"The name {wanted} is in use."
