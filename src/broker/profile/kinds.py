"""What can be measured of a column, by its type."""

from __future__ import annotations

from enum import StrEnum

from ..tables.types import decimal

__all__ = ["Kind", "digits_of", "kind_of"]


class Kind(StrEnum):
    """Numbers and times are spread over bars; texts have lengths; all but ``other`` have values."""

    NUMBER = "number"
    TIME = "time"
    TEXT = "text"
    BOOLEAN = "boolean"
    OTHER = "other"

    @property
    def has_cells(self) -> bool:
        """Whether its values lie on a line, so that they can be counted by range."""
        return self in (Kind.NUMBER, Kind.TIME)


_KINDS = {
    "BIGINT": Kind.NUMBER,
    "DOUBLE": Kind.NUMBER,
    "DATE": Kind.TIME,
    "TIMESTAMP": Kind.TIME,
    "TIMESTAMPTZ": Kind.TIME,
    "VARCHAR": Kind.TEXT,
    "BOOLEAN": Kind.BOOLEAN,
}


def kind_of(type_: str | None) -> Kind:
    """The kind of a type of the engine; a column without a type is text."""
    if type_ is None:
        return Kind.TEXT
    return Kind.NUMBER if decimal(type_) else _KINDS.get(type_, Kind.OTHER)


def digits_of(type_: str | None) -> int | None:
    """How many digits after the point a number of this type has; None where that is not fixed."""
    found = decimal(type_ or "")
    if found is not None:
        return found.scale
    return 0 if type_ == "BIGINT" else None
