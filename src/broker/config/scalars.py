"""The text of a YAML scalar, and what it means where no declaration says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..foreign.text import shown

__all__ = ["NOTHING", "Scalar", "plain", "quoted"]

NOTHING = frozenset(["", "~", "null", "Null", "NULL"])
"""What means no value at all, written without quotes."""

_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_LONGEST_SHOWN = 60

# Numbers by YAML 1.1 and by YAML 1.2 alike: a writer of either puts any other text in quotes,
# or means it as text.
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?")


class Scalar(str):
    """The text of a YAML scalar. ``is_plain``: unquoted; ``is_secret``: came from a variable."""

    is_plain: bool
    is_secret: bool

    def __new__(cls, text: str, *, is_plain: bool = False, is_secret: bool = False) -> Scalar:
        """Make one; ``repr()`` of a secret one is masked."""
        scalar = super().__new__(cls, text)
        scalar.is_plain = is_plain
        scalar.is_secret = is_secret
        return scalar

    def __repr__(self) -> str:
        """The text in quotes, or stars where it came from a variable."""
        return "'**********'" if self.is_secret else super().__repr__()


def plain(value: Any) -> Any:
    """A value of no declared type as YAML reads it: numbers, true and false, nothing, text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if not isinstance(value, Scalar) or value.is_secret:
        return value
    return _resolved(str(value)) if value.is_plain else str(value)


def _resolved(text: str) -> Any:
    if text in NOTHING:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def quoted(text: str) -> str:
    """The text as a message shows it: in quotes, on one line, not endless."""
    return f"'{shown(text, _LONGEST_SHOWN)}'"
