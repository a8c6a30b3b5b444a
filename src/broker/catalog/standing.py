"""What admins of the portal see of every table: how it stands, and what waits for a person.

No row value. Keys of held rows are row values, so those of a class stand in a file of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field

from .. import __version__
from ..manifest import Status
from ..manifest.instants import UtcInstant

__all__ = ["HeldKeys", "OperatorsIndex", "PendingReaders", "TableStanding"]


_Count = Annotated[int, Field(ge=0, le=2**63)]


@dataclass(frozen=True, slots=True)
class PendingReaders:
    """A change of readers that waits. ``words`` say who could read before and who could now.

    ``digest`` names exactly this change, ``since`` the generation that held it first.
    """

    words: str
    digest: str
    since: str


@dataclass(frozen=True, slots=True)
class TableStanding:
    """How a table stands; ``since`` is when it first stood so.

    ``access`` is ``-`` where no analyst may know of it. ``held_rows`` is how many rows a held
    version would lose; ``is_loading`` says that its first load is not complete. ``warnings`` and
    ``issues`` are sentences without row values.
    """

    path: str
    id: str
    access: str
    status: Status
    since: UtcInstant
    error: str | None = None
    rows: _Count = 0
    bytes: _Count = 0
    rejects: _Count = 0
    held_rows: _Count = 0
    readers: PendingReaders | None = None
    loaded_at: UtcInstant | None = None
    as_of: UtcInstant | None = None
    freshness_seconds: _Count | None = None
    is_loading: bool = False
    warnings: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OperatorsIndex:
    """Every table of a generation. ``run`` is the id of the run that published it, ``warnings``
    are those of the run that concern no single table."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    generation: str
    created_at: UtcInstant
    previous: str | None = None
    run: str | None = None
    tables: tuple[TableStanding, ...] = ()
    warnings: tuple[str, ...] = ()
    broker: str = __version__
    format: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class HeldKeys:
    """Some keys of the rows that held tables of one class would lose, by the tables' paths.

    ``digests`` name all rows of each, as an approval does.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    access: str
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict, hash=False)
    digests: dict[str, str] = field(default_factory=dict, hash=False)
    format: Literal[1] = 1
