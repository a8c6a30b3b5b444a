"""Which days or months have rows, as a strip with its gaps. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from .paths import Box, boxes_path

__all__ = ["GapStrip", "gap_strip"]

_LEAST = 0.6  # of 100: what cannot be missed


@dataclass(frozen=True, slots=True)
class GapStrip:
    """Gaps in a strip of 100 by 100 that goes from the first day or month to the last."""

    gaps: tuple[Box, ...]

    @property
    def path(self) -> str:
        """The gaps, for the attribute ``d``."""
        return boxes_path(self.gaps)


def gap_strip(first: str, last: str, gaps: Sequence[tuple[str, str]]) -> GapStrip:
    """All are days such as ``2026-11-30`` or months such as ``2026-11``, the last included."""
    begin = _number(first)
    span = _number(last) + 1 - begin
    boxes = []
    for start, end in gaps:
        width = max((_number(end) + 1 - _number(start)) / span * 100, _LEAST)
        boxes.append(Box(min((_number(start) - begin) / span * 100, 100 - width), 0, width, 100))
    return GapStrip(tuple(boxes))


def _number(text: str) -> int:
    if len(text) > len("2026-11"):
        return date.fromisoformat(text).toordinal()
    year, month = text.split("-")
    return int(year) * 12 + int(month)
