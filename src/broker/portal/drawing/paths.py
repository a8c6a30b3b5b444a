"""Coordinates and texts of SVG paths. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Box", "at", "boxes_path"]


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle from its upper left corner on; y grows downwards."""

    x: float
    y: float
    width: float
    height: float


def at(value: float) -> str:
    """A coordinate with two digits at most after the point."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def boxes_path(boxes: Iterable[Box]) -> str:
    """One path of many rectangles, for the attribute ``d``: a tenth of as many elements."""
    return "".join(
        f"M{at(box.x)} {at(box.y)}h{at(box.width)}v{at(box.height)}h-{at(box.width)}z"
        for box in boxes
    )
