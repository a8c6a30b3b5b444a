"""What is known of the laptops of an analyst: what they say of themselves as they pull. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC
from typing import Any

from ...foreign.dataset_choice import DatasetChoice
from ...foreign.laptop_note import NO_CHOICE, LaptopNote

__all__ = ["MOST_LAPTOPS", "LaptopContact", "choice_facts", "laptop_facts", "latest_contacts"]

MOST_LAPTOPS = 20  # of one account, which can invent as many as it likes
_UNNAMED = LaptopNote("", NO_CHOICE, None, "")


@dataclass(frozen=True, slots=True)
class LaptopContact:
    """A laptop at the end of its newest transfer, ``at``, which had this exit ``code`` of rsync.

    Without an ``id`` the client did not say which laptop it is on. ``choice`` is what the folder
    there goes by, and since which transfer: ``chosen_at``. ``generation`` is the one in use there.
    """

    id: str
    name: str
    choice: str
    chosen_at: str
    generation: str | None
    at: str
    code: int


def latest_contacts(
    transfers: Iterable[tuple[str, int, LaptopNote | None]],
) -> tuple[LaptopContact, ...]:
    """One for each laptop from all transfers of an account (when, exit code, note), newest first.

    The laptops that were there last come first.
    """
    found: dict[str, LaptopContact] = {}
    changed: set[str] = set()  # those whose choice was another one before
    for at, code, sent in transfers:
        note = sent or _UNNAMED
        known = found.get(note.id)
        if known is None:
            if len(found) < MOST_LAPTOPS:
                found[note.id] = LaptopContact(
                    note.id, note.name, note.choice, at, note.generation, at, code
                )
        elif note.choice != known.choice:
            changed.add(note.id)
        elif note.id not in changed:
            found[note.id] = replace(known, chosen_at=at)
    return tuple(found.values())


def laptop_facts(contact: LaptopContact) -> dict[str, Any]:
    """As plain values."""
    return asdict(contact)


def choice_facts(choice: DatasetChoice) -> dict[str, Any]:
    """As plain values."""
    at = choice.changed_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return {"id": choice.id, "changed_at": at, "without": list(choice.without)}
