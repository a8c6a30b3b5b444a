"""JSON that another program wrote, read so that two readers cannot read it differently.

Python's own reader takes NaN, a key twice, numbers of any length, and as much as there is.
"""

from __future__ import annotations

import json
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

__all__ = ["MOST_BYTES", "parse_json", "read_json"]

MOST_BYTES = 128 << 20
# So many values at most, before a tree of them fills the memory: counted by what separates them.
_MOST_VALUES = 10_000_000
_COUNT_DIGITS = 19
_DECIMAL_DIGITS = 38


def read_json(path: Path) -> Any:
    """The content of a file; raises ``ValueError``, or ``OSError`` if it cannot be read."""
    with path.open("rb") as stream:
        return parse_json(stream.read(MOST_BYTES + 1))


def parse_json(content: bytes, *, rows: bool = False) -> Any:
    """Objects, lists, text, whole numbers, true, false and null; raises ``ValueError``.

    ``rows``: numbers as rows have them, with fractions and with all digits of a decimal.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(f"it is longer than {MOST_BYTES:,} bytes")
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > _MOST_VALUES:
        raise ValueError(f"it has more than {_MOST_VALUES:,} values")
    try:
        return json.loads(
            content.decode(),
            object_pairs_hook=_object,
            parse_int=partial(_whole, _DECIMAL_DIGITS if rows else _COUNT_DIGITS),
            parse_float=_fraction if rows else _refuse_number,
            parse_constant=_refuse_number,
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _whole(most: int, text: str) -> int:
    if len(text.lstrip("-")) > most:
        raise ValueError(f"a number has more than {most} digits")
    return int(text)


def _fraction(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        _refuse_number(text)
    return number


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"expected another number; found {text[:20]}")
