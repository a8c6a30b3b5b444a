"""Foreign text on its way to a person: on one line, and nothing in it that acts or hides."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["code", "escape_json", "is_plain", "prose", "readable_json", "shown"]

# What Unicode calls printable though it shows nothing, and so can make two names look equal:
# "Default_Ignorable_Code_Point" of DerivedCoreProperties.txt, and the blank of Braille.
_BLANK = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_BLANKS = re.compile(f"[{_BLANK}]")
_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_NOT_ASCII_LINES = re.compile(r"[^\n\x20-\x7e]")


def shown(text: object, most: int | None = None) -> str:
    r"""The text on one line; what does not print is written as Python would: ``\x1b``, ``\u202e``.

    That covers line ends, escape sequences, bidirectional controls and characters of no width.
    ``most`` cuts it after so many characters.
    """
    plain = str(text)
    if most is not None and len(plain) > most:
        plain = plain[: most - 1] + "…"
    return plain if is_plain(plain) else _NOT_ASCII.sub(_escaped, plain)


def is_plain(text: str) -> bool:
    """Whether every character prints, on this line, as what it is."""
    return text.isprintable() and _BLANKS.search(text) is None


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if is_plain(character):
        return character
    return character.encode("unicode_escape").decode()


def prose(text: object, most: int | None = None) -> str:
    """The same for sentences: blanks and line ends of every kind become one space."""
    return shown(" ".join(str(text).split()), most)


def code(text: object) -> str:
    """The text as a code span of CommonMark, which nothing in it can end.

    The fence is longer than any run of backticks inside.
    """
    plain = shown(text)
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    needs_room = not plain or plain[0] in "` " or plain[-1] in "` "
    room = " " if needs_room else ""
    return f"{fence}{room}{plain}{room}{fence}"


def readable_json(value: Any, indent: int | None = None) -> str:
    """The value as JSON in which letters of every language stand, and nothing that acts."""
    return escape_json(json.dumps(value, indent=indent, ensure_ascii=False))


def escape_json(document: str) -> str:
    """The same JSON with everything that does not print as an escape; line ends stay."""
    return _NOT_ASCII_LINES.sub(_escaped_for_json, document)


def _escaped_for_json(match: re.Match[str]) -> str:
    return match[0] if is_plain(match[0]) else json.dumps(match[0])[1:-1]
