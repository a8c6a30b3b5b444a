"""Why one analyst may, or may not, read one table: the class, where it comes from, the answer."""

from __future__ import annotations

import grp
from dataclasses import asdict, dataclass
from typing import Any

from ..classes import PUBLIC
from ..config import Description, Instance, TableDescription
from ..manifest import Status, TableEntry
from ..publish import NO_CLASS, Audience, Generation
from .observer import Attempt, try_as
from .policy import Permission, Reader

__all__ = ["Answer", "find_table", "why"]


@dataclass(frozen=True, slots=True)
class Answer:
    """``allowed`` is the policy's decision, ``able`` how many of ``files`` a try just now read.

    ``view`` is where the table stands for this person, or would stand for its class; ``others``
    counts what they could read of the same files by other ways, which has to be nothing unless
    they are allowed.
    """

    user: str
    table: str
    access: str
    origin: str
    group: str
    classes: tuple[str, ...]
    groups: tuple[str, ...]
    allowed: bool
    view: str
    files: int
    able: int
    others: int

    @property
    def as_decided(self) -> bool:
        """Whether the host does what the policy says."""
        return self.able == (self.files if self.allowed else 0) and self.others == 0

    def facts(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "as_decided": self.as_decided}

    def lines(self) -> list[str]:
        """How a person reads it."""
        verdict = "yes" if self.allowed else "no"
        holds = "holds it" if self.allowed else f"does not hold {self.access}"
        tried = f"read {self.able} of {self.files} files in the view"
        tried += f", and {self.others} where no account should" if self.others else ""
        return [
            f"{self.user} may read {self.table}: {verdict}",
            f"  class    {self.access}: {self.origin}",
            f"  group    {self.group} may read that class",
            f"  analyst  has {', '.join(self.classes)}, so {holds}"
            f" (groups on this host: {', '.join(self.groups)})",
            f"  view     {self.view}",
            f"  tried    as {self.user} just now: {tried}"
            f" - {'as decided' if self.as_decided else 'NOT as decided'}",
        ]


def find_table(generation: Generation, name: str) -> TableEntry | None:
    """The published table of this id, path or, where only one has it, name."""
    tables = generation.manifest.tables
    exact = [entry for entry in tables if name in (entry.id, entry.path)]
    named = [entry for entry in tables if entry.name == name]
    if exact:
        return exact[0]
    return named[0] if len(named) == 1 else None


def why(
    reader: Reader,
    entry: TableEntry,
    generation: Generation,
    instance: Instance,
    description: Description | None,
) -> Answer:
    """The answer for one analyst, tried on the host as that analyst. Root alone can ask."""
    granted = reader.classes or frozenset()
    allowed = reader.holds([entry.access]) and not entry.loading
    audience = Audience.of(granted if allowed else {entry.access} - {NO_CLASS})
    view = generation.view(audience)
    files = [file.path for file in entry.files]
    whole = [str(generation.path / path) for path in files]
    places = [Attempt(path, "file") for path in (*(str(view / path) for path in files), *whole)]
    able = [Permission.READ in verbs for verbs in try_as(reader, places)]
    described = description.table(entry.id) if description else None
    return Answer(
        user=reader.name,
        table=f"{entry.path} ({entry.id})" if entry.id != entry.path else entry.path,
        access=entry.access,
        origin=_origin(entry, described, instance, description),
        group=_group_of(entry, instance),
        classes=tuple(sorted({PUBLIC, *granted})),
        groups=tuple(sorted(map(_group, reader.groups))),
        allowed=allowed,
        view=str(view / "parquet" / entry.path),
        files=len(files),
        able=sum(able[: len(files)]),
        others=sum(able[len(files) :]),
    )


def _origin(
    entry: TableEntry,
    described: TableDescription | None,
    instance: Instance,
    description: Description | None,
) -> str:
    if described is None:
        return "published so, and no longer described"
    now = instance.access_of(described)
    where = description.places.get(described.id, "") if description else ""
    reason = _origin_of_class(described, now, instance, where)
    if entry.status is Status.HELD and now != entry.access:
        return f"held as published before, until a person approves that it is {now}: {reason}"
    if now == entry.access:
        return reason
    return f"published so; the next sync makes it {now}: {reason}"


def _origin_of_class(described: TableDescription, now: str, instance: Instance, where: str) -> str:
    if "access" in described.model_fields_set:
        return f"its own access, {where}" if where else "its own access"
    listed = instance.access_classes.get(now)
    ways = {
        "table": listed and {described.id, described.path} & {*listed.tables},
        "folder": listed and described.folder_name in listed.folders,
        "dataset": listed and described.dataset in listed.datasets,
    }
    names = {"table": described.path, "folder": described.folder_name, "dataset": described.dataset}
    for way, found in ways.items():
        if found:
            return f"the {way} {names[way]} is listed in {instance.where('access_classes', now)}"
    return "nothing says otherwise"


def _group_of(entry: TableEntry, instance: Instance) -> str:
    if entry.access == NO_CLASS:
        return "no group"
    return instance.group_of(entry.access) or "the caller's own group"


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
