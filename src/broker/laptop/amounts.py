"""Sizes as people write and read them."""

from __future__ import annotations

import re

from ..errors import LaptopError

__all__ = ["amount", "size_of"]

_UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?B?)\s*", re.IGNORECASE)


def size_of(words: str, *, where: str = "") -> int:
    """Bytes; raises ``LaptopError`` for a text that is not a size, which stands at ``where``."""
    found = _SIZE.fullmatch(words)
    if found is None:
        raise LaptopError(
            "this is not a size", where=where, expected="such as 500 MB or 2GB", found=words
        )
    unit = found[2].upper()
    return int(float(found[1]) * _UNITS[unit if unit.endswith("B") else f"{unit}B"])


def amount(count: int) -> str:
    """``0.1 MB``, ``1,234.5 MB``: one unit, so that two can be compared at a glance."""
    return f"{count / 1e6:,.1f} MB"
