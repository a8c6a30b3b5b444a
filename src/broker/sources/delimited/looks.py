"""What a text looks like at a glance, to tell names from values. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["is_like_row", "shape_of"]

_LOOKS = {
    "number": re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?", re.I),
    "time": re.compile(r"\d{4}-\d\d-\d\d.*"),
    "truth value": re.compile(r"true|false", re.I),
}
_YEAR = re.compile(r"(19|20)\d\d")


def shape_of(text: str) -> str | None:
    """Which kind of value a text looks like; None where it may be a name as well."""
    text = text.strip()
    return next((kind for kind, written in _LOOKS.items() if written.fullmatch(text)), None)


def is_like_row(header: Iterable[str], row: Iterable[str | None]) -> bool:
    """Whether some name looks like the value below it. Years are names, too."""
    pairs = ((name.strip(), value) for name, value in zip(header, row, strict=True))
    return any(
        value is not None
        and not _YEAR.fullmatch(name)
        and (kind := shape_of(name)) is not None
        and kind == shape_of(value)
        for name, value in pairs
    )
