"""DuckDB's errors as one sentence."""

from __future__ import annotations

import re

from ...foreign.text import prose

__all__ = ["first_part"]

_PLACE = re.compile(r"\n\s*\nLINE \d+:.*", re.DOTALL)
_KIND = re.compile(r"\A(?:[A-Z][A-Za-z]* )+Error: ")
_MOST = 600


def first_part(error: object) -> str:
    """What it says, without its kind and without the piece of SQL that it repeats."""
    return prose(_KIND.sub("", _PLACE.sub("", str(error))), _MOST)
