"""What a generation keeps for its catalogs, beside what its manifest says: exact as JSON and back.

Only operators read it. A catalog that is made later, for an audience that came into use since,
follows from it, the manifest and the profiles.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import (
    ConfigDict,
    TypeAdapter,
    ValidationError,
)

from ..errors import PublishError
from ..foreign.text import escape_json
from ..manifest import Status
from ..manifest.instants import UtcInstant
from ..metrics.results import MetricPast
from .model import TableSource

__all__ = [
    "FACTS",
    "CatalogFacts",
    "CatalogNotes",
    "ContentSince",
    "DatasetFacts",
    "DetailsMark",
    "FolderFacts",
    "StatusSince",
    "unreadable_notes",
]

FACTS = "state/catalog.json"


@dataclass(frozen=True, slots=True)
class DatasetFacts:
    """What the instance says of a dataset."""

    label: str = ""
    description: str = ""
    size_hint: str = ""
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """How the instance shows a folder."""

    label: str = ""


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """What the instance says. ``order`` are folders, ``classes`` all of its access classes,
    ``sources`` says by table id where rows come from."""

    datasets: Mapping[str, DatasetFacts] = field(default_factory=dict)
    folders: Mapping[str, FolderFacts] = field(default_factory=dict)
    order: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    sources: Mapping[str, TableSource] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DetailsMark:
    """The details of a table: what they follow from, and the file that has them.

    ``alerts`` counts what the profile points out.
    """

    basis: str
    sha256: str
    bytes: int
    alerts: int | None = None


@dataclass(frozen=True, slots=True)
class StatusSince:
    """How a table stands, and when it first stood so."""

    status: Status
    since: UtcInstant


@dataclass(frozen=True, slots=True)
class ContentSince:
    """Which rows a table has for whom, and when it first had them; None where that is unknown."""

    version: str
    since: UtcInstant | None


@dataclass(frozen=True, slots=True)
class CatalogNotes:
    """All of it. ``details`` is by path, ``statuses`` and ``contents`` by id, ``metrics`` by name;
    ``warnings`` are those of the run that concern no single table."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    facts: CatalogFacts = field(default_factory=CatalogFacts)
    details: Mapping[str, DetailsMark] = field(default_factory=dict)
    statuses: Mapping[str, StatusSince] = field(default_factory=dict)
    contents: Mapping[str, ContentSince] = field(default_factory=dict)
    metrics: Mapping[str, MetricPast] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    format: Literal[1] = 1

    def to_json(self) -> bytes:
        """Stable bytes."""
        return (escape_json(_ADAPTER.dump_json(self).decode()) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> CatalogNotes:
        """Read them back; raises ``PublishError`` for anything that we cannot have written."""
        try:
            return _ADAPTER.validate_json(content, strict=True)
        except ValidationError as error:
            raise unreadable_notes(where, "what no broker writes") from error


def unreadable_notes(where: str, found: str) -> PublishError:
    """A generation does not say what its catalogs follow from."""
    return PublishError(
        "what the catalogs of a generation follow from cannot be read",
        where=where,
        found=found,
        remedy="See `broker verify`, then run the sync again.",
    )


_ADAPTER = TypeAdapter(CatalogNotes)
