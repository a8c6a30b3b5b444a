"""Colours as ``#0b5cad``, and how well one can be read on another. Pure.

Contrast is that of WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["AA", "contrast", "nearest_readable"]

AA = 4.5  # of text of usual size, by level AA of WCAG
_STEPS = 100


def contrast(one: str, other: str) -> float:
    """From 1, where the two are the same, to 21, black on white."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def nearest_readable(colour: str, on: str, *, towards: str, least: float = AA) -> str:
    """The colour with as little of ``towards`` mixed in as it takes to be readable."""
    return next((c for c in _mixtures(colour, towards) if contrast(c, on) >= least), towards)


def _mixtures(colour: str, other: str) -> Iterator[str]:
    parts = list(zip(_channels(colour), _channels(other), strict=True))
    for step in range(_STEPS + 1):
        mixed = (round(a + (b - a) * step / _STEPS) for a, b in parts)
        yield "#" + "".join(f"{channel:02x}" for channel in mixed)


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    parts = (channel / 255 for channel in _channels(colour))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
