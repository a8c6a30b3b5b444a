"""The mark by which a host knows its store: an id in the store, and the same outside of its disk.

Where the data disk is not mounted, its mount point is a folder like any other, and looks like a
store that never published. A host that has the mark knows better. Standard library only.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from .beneath import read_file
from .errors import PublishError
from .files import write_atomic
from .hostpaths import PROOF, STORE_RECORD

__all__ = ["NAME", "Mark", "MarkStep", "Seen", "apply", "find_store", "mark_step", "require_store"]

NAME = ".store_id"
_FSTAB = Path("/etc/fstab")
# It begins with a letter, so that YAML takes it for nothing but text.
_ID = re.compile(r"[a-f][0-9a-f]{7}")


@dataclass(frozen=True, slots=True)
class Mark:
    """What the host knows: the store with this ``id`` belongs at ``store``, below ``mount``."""

    id: str
    store: str
    mount: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is. ``found`` is the id in the store, ``current`` whether it ever published.

    ``unmounted`` is a mount point of /etc/fstab on the way to the store, with nothing mounted;
    ``published`` the generation that the host remembers.
    """

    store: Path
    mark: Mark | None
    found: str | None
    current: bool = False
    unmounted: str | None = None
    published: str | None = None


class MarkStep(StrEnum):
    """What is to be done for the host to know its store."""

    KEEP = "keep"
    MAKE = "make"  # a new id, in both places
    ADOPT = "adopt"  # the id that the store has


def require_store(store: Path, record: Path | None = None) -> None:
    """Raise ``PublishError`` where this is not the store that the host knows.

    A machine without a record, such as a laptop, knows of none.
    """
    mark = _read_mark(record or STORE_RECORD)
    if mark is None or mark.store != str(store.absolute()):
        return
    found = _found(store)
    if found != mark.id:
        remedy = f"Mount the data disk on {mark.mount}, then run `ansible-playbook site.yml`."
        raise _vanished(store, f"store {mark.id} on {mark.mount}", found, remedy)


def mark_step(seen: Seen, accept: str = "") -> MarkStep:
    """What a deploy does; raises ``PublishError`` where the disk with the store is not there.

    ``accept`` is the word of that refusal, by which an operator begins a new store.
    """
    if seen.mark is not None and seen.found == seen.mark.id:
        return MarkStep.KEEP
    mount = seen.unmounted or (seen.mark.mount if seen.mark else _mount(seen.store))
    word = seen.mark.id if seen.mark else None
    if seen.mark is None and seen.found is None and not seen.current:
        word = seen.published
    if word is not None and accept != word:
        known = f"store {word}" if seen.mark else f"generation {word}"
        remedy = f"Mount the data disk on {mount}, then run `ansible-playbook site.yml`; where a "
        remedy += f"new disk is to take its place for good, add -e broker_new_data_disk={word}."
        raise _vanished(seen.store, f"{known} on {mount}", seen.found, remedy)
    if seen.unmounted is not None:
        raise PublishError(
            "the data disk is not mounted",
            where=str(seen.store),
            expected=f"what /etc/fstab has for {seen.unmounted}",
            found=f"nothing mounted on {seen.unmounted}",
            remedy=f"Type `mount {seen.unmounted}` on the host, then "
            "run `ansible-playbook site.yml`.",
        )
    return MarkStep.MAKE if seen.found is None else MarkStep.ADOPT


def find_store(
    store: Path, record: Path = STORE_RECORD, proof: Path = PROOF, fstab: Path = _FSTAB
) -> Seen:
    """What there is on this host. Raises ``PublishError`` and ``OSError``."""
    return Seen(
        store,
        _read_mark(record),
        _found(store),
        os.path.lexists(store / "current"),
        _unmounted(store, fstab),
        _published(proof),
    )


def apply(step: MarkStep, seen: Seen, gid: int, record: Path = STORE_RECORD) -> str:
    """Carry it out; returns the id. The store first: a mark without a store would shut it.

    ``gid`` is the group that may read either. Raises ``OSError``.
    """
    if step is MarkStep.KEEP and seen.mark is not None:
        return seen.mark.id
    identity = seen.found
    if step is MarkStep.MAKE or identity is None:
        identity = new_id()
        write_atomic(seen.store / NAME, f"{identity}\n", mode=0o640, gid=gid)
    mark = Mark(identity, str(seen.store), _mount(seen.store))
    record.parent.mkdir(mode=0o755, exist_ok=True)
    write_atomic(record, json.dumps(asdict(mark), indent=1) + "\n", mode=0o640, gid=gid)
    return identity


def new_id() -> str:
    """One that no other store has."""
    return secrets.choice("abcdef") + secrets.token_hex(4)[1:]


def expected_mounts(store: Path, fstab: str) -> list[str]:
    """The places on the way to the store that a text in the form of fstab(5) mounts."""
    found = []
    for line in fstab.splitlines():
        fields = line.split()
        if len(fields) > 1 and not line.lstrip().startswith("#"):
            target = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
            if target.startswith("/") and target != "/" and store.is_relative_to(target):
                found.append(target)
    return sorted(found, key=len)


def _unmounted(store: Path, fstab: Path) -> str | None:
    try:
        text = fstab.read_text(errors="replace")
    except FileNotFoundError:
        return None
    return _first(place for place in expected_mounts(store, text) if not os.path.ismount(place))


def _first(places: Iterable[str]) -> str | None:
    return next(iter(places), None)


def _mount(store: Path) -> str:
    """Where the disk of the store is mounted; the folder above it where that is the host's own."""
    places = (str(place) for place in (store, *store.parents) if os.path.ismount(place))
    found = _first(places)
    return str(store.parent) if found in (None, "/") else str(found)


def _read_mark(record: Path) -> Mark | None:
    try:
        return Mark(**json.loads(record.read_bytes()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise PublishError(
            "what this host knows of its store cannot be read",
            where=str(record),
            found=f"{type(error).__name__}: {error}",
            remedy="Where the data disk is mounted, remove the file and "
            "run `ansible-playbook site.yml`.",
        ) from error


def _found(store: Path) -> str | None:
    """The id in the store; None where there is none, or something else in its place."""
    try:
        text = read_file(store, NAME).decode(errors="replace").strip()
    except PermissionError:
        raise
    except OSError:
        return None
    return text if _ID.fullmatch(text) else None


def _published(proof: Path) -> str | None:
    """The generation that root proved last: a host of an older release has no mark yet."""
    try:
        generation = json.loads(proof.read_bytes())["generation"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return generation if isinstance(generation, str) else None


def _vanished(store: Path, expected: str, found: str | None, remedy: str) -> PublishError:
    return PublishError(
        "the store that this host published is not here",
        where=str(store),
        expected=expected,
        found=f"store {found}" if found else "no store",
        remedy=remedy,
    )
