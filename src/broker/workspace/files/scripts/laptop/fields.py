"""One object of a foreign JSON document, taken apart key by key; what is left over is an error."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Any, Callable, TypeVar  # noqa: UP035  evaluated below, for Python 3.9

from .foreign.text import is_plain, shown

__all__ = ["Fields", "ManifestError"]

Made = TypeVar("Made")

MOST_NUMBER = 2**63
MOST_ITEMS = 1_000_000
MOST_NAME = 1_000
MOST_TEXT = 1_000_000
_INSTANT = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?Z"
)


class ManifestError(ValueError):
    """The manifest is not one that a broker writes."""

    def __init__(self, place: str, problem: str) -> None:
        """``place`` is the path of keys that leads to the problem."""
        super().__init__(
            f"the manifest cannot be used: {shown(place, 200)}: {shown(problem, 300)}. "
            "Nothing was changed here. Tell the broker's operator."
        )


class Fields:
    """The keys of one object. ``place`` says where it stands."""

    def __init__(self, value: Any, place: str) -> None:
        """Raises ``ManifestError`` unless ``value`` is an object."""
        self.place = place
        if not isinstance(value, dict):
            raise ManifestError(place, f"expected an object; found {type(value).__name__}")
        self._left = dict(value)

    def take(self, key: str, check: Callable[[Any], Made]) -> Made:
        """The value of a key that must be there, as ``check`` makes it or refuses it."""
        place = f"{self.place}.{key}"
        if key not in self._left:
            raise ManifestError(place, "is missing")
        try:
            return check(self._left.pop(key))
        except ManifestError:
            raise
        except ValueError as error:
            raise ManifestError(place, str(error)) from None

    def maybe(self, key: str, check: Callable[[Any], Made]) -> Made | None:
        """The same for a key that may be null."""
        return self.take(key, lambda value: None if value is None else check(value))

    def each(self, key: str, make: Callable[[Fields], Made]) -> tuple[Made, ...]:
        """A list of objects."""
        place = f"{self.place}.{key}"
        items = self.take(key, items_of)
        return tuple(make(Fields(item, f"{place}[{at}]")) for at, item in enumerate(items))

    def one(self, key: str, make: Callable[[Fields], Made]) -> Made:
        """An object."""
        return self.take(key, lambda value: make(Fields(value, f"{self.place}.{key}")))

    def one_or_null(self, key: str, make: Callable[[Fields], Made]) -> Made | None:
        """An object, or null."""
        return self.maybe(key, lambda value: make(Fields(value, f"{self.place}.{key}")))

    def end(self, *unused: str) -> None:
        """Refuse every key that was not taken, ``unused`` ones aside."""
        strange = sorted(set(self._left) - set(unused))
        if strange:
            raise ManifestError(f"{self.place}.{strange[0]}", "is not a key of this object")


def items_of(value: Any) -> list[Any]:
    """A list that is not endless."""
    if not isinstance(value, list):
        raise ValueError(f"expected a list; found {type(value).__name__}")
    if len(value) > MOST_ITEMS:
        raise ValueError(f"expected {MOST_ITEMS:,} items at most; found {len(value):,}")
    return value


def text(value: Any) -> str:
    """Text of any language, in characters that can be written down."""
    if not isinstance(value, str):
        raise ValueError(f"expected text; found {type(value).__name__}")
    if len(value) > MOST_TEXT:
        raise ValueError(f"expected {MOST_TEXT:,} characters at most; found {len(value):,}")
    value.encode()
    return value


def column_name(value: Any) -> str:
    """A name as a source may give one: any text that SQL can quote."""
    name = text(value)
    if not 0 < len(name) <= MOST_NAME or "\0" in name:
        raise ValueError(f"expected a name of 1 to {MOST_NAME:,} characters, none of them NUL")
    return name


def plain_name(value: Any) -> str:
    """A name as an operator may give one."""
    name = column_name(value)
    if not is_plain(name) or "/" in name:
        raise ValueError(f"expected a name without slash and invisible character; found {name!r}")
    return name


def whole(value: Any) -> int:
    """A count."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MOST_NUMBER:
        raise ValueError(f"expected a whole number from 0 to 2^63; found {value!r}")
    return value


def instant(value: Any) -> datetime:
    """A moment in UTC."""
    match = _INSTANT.fullmatch(text(value))
    if match is None:
        raise ValueError("expected a moment such as 2026-11-22T16:30:00Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    fraction = int((match[7] or "0").ljust(6, "0"))
    zone = timezone.utc  # noqa: UP017  datetime.UTC is newer than Python 3.9
    return datetime(year, month, day, hour, minute, second, fraction, zone)
