"""The proof: the policy on one side, what the kernel lets each account do on the other."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from ..classes import PUBLIC
from ..errors import BrokerError, PublishError
from ..mounts import is_served
from ..publish import Audience, Generation, Store
from .leaks import Hidden, hidden_from, leaked
from .observer import Attempt, try_as
from .owners import others_write
from .people import People, lent, members
from .places import acl_paths, find_places, run_paths, view_places
from .policy import Areas, Permission, Reader, Rule, rule
from .proof import Proof, Violation
from .setid import setid_violations
from .sudo import sudo_violations

__all__ = ["prove"]

_REACHED = Rule(must=Permission.SEE | Permission.READ)
# Nothing that is published is nested so deep; walks end at 64 levels.
_MOST_LEVELS = 40
_DOCUMENTS = (".json", ".yml", ".yaml", ".md", ".sql", ".txt", ".sig")
_CAN = {
    Permission.SEE: "can see it",
    Permission.READ: "can read it",
    Permission.WRITE: "can write it",
}
_CANNOT = {
    Permission.SEE: "cannot see it",
    Permission.READ: "cannot read it",
    Permission.WRITE: "cannot write it",
}


def prove(
    everybody: People,
    classes: Mapping[str, str],
    store: Store,
    areas: Areas | None = None,
    *,
    every: bool = False,
) -> Proof:
    """Try every path as every account. ``classes`` maps each class to its group; needs root.

    ``every`` walks the older generations, too. Raises ``BrokerError`` if that is not possible.
    """
    if os.geteuid() != 0:
        raise BrokerError("only root can become each analyst in turn", remedy="Run this as root.")
    begun, paths, generation = time.monotonic(), areas or Areas(), store.current()
    homes = [reader.home for reader in everybody.readers if reader.classes is not None]
    run = run_paths(paths)
    current = generation.id if generation else None
    places = find_places(paths, current, homes, run, every=every)
    checks, violations = members(classes, everybody.readers)
    count, having = lent(everybody.readers)
    checks, violations = checks + count, violations + having
    tried: dict[str, int] = {}
    for reader in everybody.readers:
        tried[reader.name], wrong = _tried(reader, places, paths, published=generation is not None)
        violations += wrong
    published = [generation] if generation else []
    for one in store.generations() if every else published:
        count, closed = _closed_to_operators(everybody.readers, one)
        checks, violations = checks + count, violations + closed
    violations += [found for path, status in run.items() for found in others_write(path, status)]
    violations += _too_deep(places, paths)
    searched, listed = acl_paths(places, paths)
    violations += [Violation("an account", path, "is let in by an access list") for path in listed]
    looked, setid = setid_violations(paths)
    checks, violations = checks + looked, violations + setid
    allowed, by_sudo = sudo_violations(everybody.readers)
    checks, violations = checks + allowed, violations + by_sudo
    for found in _names_of_hidden_tables(generation) if generation else ():
        checks += 1
        violations += found
    violations += _drifted(store, generation) if generation else []
    return Proof(
        at=datetime.now(UTC),
        generation=current,
        analysts=sum(reader.classes is not None for reader in everybody.readers),
        checks=checks + sum(tried.values()) + len(run) + searched + len(everybody.missing),
        violations=tuple(sorted({*everybody.missing, *violations})),
        seconds=time.monotonic() - begun,
        tried=tried,
    )


def _too_deep(places: Sequence[Attempt], areas: Areas) -> list[Violation]:
    """Folders below which the walk may have stopped."""
    root = f"{areas.store}/"
    return [
        Violation("an account", place.path, "is nested too deep, so what is in it was not checked")
        for place in places
        if place.kind == "folder"
        and place.path.startswith(root)
        and place.path[len(root) :].count("/") == _MOST_LEVELS
    ]


def _tried(
    reader: Reader, places: Sequence[Attempt], areas: Areas, *, published: bool
) -> tuple[int, list[Violation]]:
    """Check each problem again: files may appear and disappear between two looks."""
    # A home that its owner serves is a violation of the walk; entering it may block for ever.
    enters = published and reader.classes is not None and not is_served(reader.home)
    own = view_places(reader.home) if enters else []
    ruled = [(place, rule(reader, place.path, areas)) for place in places]
    ruled += [(place, _REACHED) for place in own]
    first = _wrong(reader, ruled)
    again = [pair for pair in ruled if pair[0] in first and _stands(pair[0])]
    second = _wrong(reader, again) if again else {}
    count = sum(len(place.verbs & ~rule.may) for place, rule in ruled)
    return count, [
        Violation(reader.name, place.path, problem)
        for place, problems in second.items()
        for problem in problems
    ]


def _wrong(reader: Reader, ruled: Sequence[tuple[Attempt, Rule]]) -> dict[Attempt, list[str]]:
    able = try_as(reader, [place for place, _ in ruled])
    found = {}
    for (place, wanted), verbs in zip(ruled, able, strict=True):
        must_not, denied = wanted.wrong(verbs)
        problems = [_CAN[verb] for verb in must_not]
        problems += [_CANNOT[verb] for verb in denied & place.verbs]
        if problems:
            found[place] = problems
    return found


def _closed_to_operators(
    readers: Sequence[Reader], generation: Generation
) -> tuple[int, list[Violation]]:
    """Operators enter the whole trees, and read no row of a table that is not public there."""
    operators = [reader for reader in readers if reader.kind == "operator"]
    if not operators:
        return 0, []
    places = [
        Attempt(str(generation.path / file.path), "file")
        for entry in generation.manifest.tables
        for file in entry.files
        if entry.access != PUBLIC
    ]
    return len(operators) * len(places), [
        Violation(reader.name, place.path, _CAN[Permission.READ])
        for reader in operators
        for place, able in zip(places, try_as(reader, places), strict=True)
        if Permission.READ in able
    ]


def _stands(place: Attempt) -> bool:
    """What is followed must be there; anything else may have gone meanwhile."""
    return place.follow or os.path.lexists(place.path)


def _drifted(store: Store, generation: Generation) -> list[Violation]:
    """Wrong modes and groups, also where a closed folder above still keeps everybody out."""
    try:
        found = store.verify(generation.id, content=False)
    except PublishError as error:  # a view of a class that was given up, for instance
        return [
            Violation("everybody", str(generation.path), f"cannot be verified: {error.message}")
        ]
    return [Violation("everybody", str(generation.path / one.path), one.problem) for one in found]


def _names_of_hidden_tables(generation: Generation) -> Iterator[list[Violation]]:
    """For each document of each view and each table that it hides: whether its name is in it."""
    for audience in generation.audiences():
        hidden = hidden_from(generation.manifest, audience)
        for path, status in generation.walk(audience.path) if hidden else ():
            if stat.S_ISREG(status.st_mode):
                yield from _leaks(generation, path, audience, hidden)


def _leaks(
    generation: Generation, path: str, audience: Audience, hidden: Hidden
) -> Iterator[list[Violation]]:
    who = f"the audience {'+'.join(audience.names)}"
    place = str(generation.path / path)
    try:
        content = generation.read(path) if path.endswith(_DOCUMENTS) else b""
        names = leaked(path.removeprefix(f"{audience.path}/"), content, hidden)
    except (OSError, ValueError) as error:
        yield [Violation(who, place, f"cannot be searched for hidden tables: {error}")]
        return
    for table in hidden.tables:
        is_named = table.path in names
        yield [Violation(who, place, f"names {table.path}")] if is_named else []
