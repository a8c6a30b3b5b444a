"""A metric as a generation publishes it, exact as JSON and back. Shapes only.

A laptop reads by these rules what a broker in an attacker's hands may have signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from ..errors import PublishError
from ..foreign.strict_json import parse_json
from ..foreign.text import escape_json

__all__ = ["METRICS", "Grain", "Metric", "ResultColumn", "metrics_from_json", "metrics_to_json"]

METRICS = "docs/metrics.json"
_MOST = 10_000

Grain = Literal["day", "week", "month", "quarter", "year"]
"""The time that one row stands for."""

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
_Word = Annotated[str, Field(max_length=1_000)]
_Text = Annotated[str, Field(max_length=100_000)]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of what the SQL answers, and its type in DuckDB's words."""

    name: _Word
    type: _Text


@dataclass(frozen=True, slots=True)
class Metric:
    """What the number is, and the SQL that gives it.

    ``time_column`` of the result says when the time of a row, which is as long as ``grain``,
    begins. ``tables`` are the views that the SQL reads, by the names that its reader has for them.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: _Name
    title: _Word
    sql: Annotated[str, Field(min_length=1, max_length=100_000)]
    description: _Text = ""
    unit: _Word = ""
    grain: Grain | None = None
    time_column: _Word | None = None
    owner: _Word = ""
    synonyms: Annotated[tuple[_Word, ...], Field(max_length=100)] = ()
    tables: Annotated[tuple[_Word, ...], Field(max_length=_MOST)] = ()
    columns: Annotated[tuple[ResultColumn, ...], Field(max_length=_MOST)] = ()


@dataclass(frozen=True, slots=True)
class _File:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    metrics: Annotated[tuple[Metric, ...], Field(max_length=_MOST)]
    format: Literal[1] = 1


_ADAPTER = TypeAdapter(_File)


def metrics_to_json(metrics: Iterable[Metric]) -> bytes:
    """Stable bytes, by name; letters of every language stand as they are."""
    file = _File(tuple(sorted(metrics, key=lambda one: one.name)))
    return (escape_json(_ADAPTER.dump_json(file, indent=1).decode()) + "\n").encode()


def metrics_from_json(content: bytes, *, where: str) -> tuple[Metric, ...]:
    """Read them back; raises ``PublishError`` for anything that we cannot have written."""
    try:
        parse_json(content)
        metrics = _ADAPTER.validate_json(content, strict=True).metrics
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise _unreadable(where, ".".join(map(str, first["loc"])) + f": {first['msg']}") from error
    except ValueError as error:
        raise _unreadable(where, str(error)) from error
    if len({one.name for one in metrics}) < len(metrics):
        raise _unreadable(where, "a metric stands twice")
    return metrics


def _unreadable(where: str, found: str) -> PublishError:
    return PublishError(
        "the list of metrics cannot be read",
        where=where,
        found=found,
        remedy="See `broker verify`, then run the sync again.",
    )
