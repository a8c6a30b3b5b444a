"""What the folder of a laptop says of itself with each connection: which it is, what it has.

It travels in a variable of the environment, which ssh carries beside every command. A holder of
the account's key can write anything into it, so it is the account's own word and no more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .dataset_choice import CHOICE_ID
from .paths import GENERATION_ID
from .text import is_plain

__all__ = ["LAPTOP_VARIABLE", "NO_CHOICE", "OWN_CHOICE", "LaptopNote", "parse_note", "render_note"]

LAPTOP_VARIABLE = "LC_BROKER_LAPTOP"  # sshd of Debian takes LC_* from clients, and the role this
NO_CHOICE = "none"  # the broker passed no choice on
OWN_CHOICE = "own"  # the folder goes by its own broker.toml
_NO_GENERATION = "none"
_MOST_NAME = 64
_NOTE = re.compile(
    rf"([0-9a-f]{{16}}) ({CHOICE_ID}|{NO_CHOICE}|{OWN_CHOICE}) ({GENERATION_ID}|{_NO_GENERATION}) "
    rf"(.{{1,{_MOST_NAME}}})"
)


@dataclass(frozen=True, slots=True)
class LaptopNote:
    """``id`` is the folder's own, made once; ``name`` what the machine calls itself.

    ``choice`` is the id of the choice of datasets that the folder follows, ``none`` or ``own``;
    ``generation`` the one in use there, None before the first.
    """

    id: str
    choice: str
    generation: str | None
    name: str


def render_note(note: LaptopNote) -> str:
    """One line of ASCII; what does not print of the name is left out."""
    plain = "".join(letter for letter in note.name if " " <= letter <= "~").strip()
    name = plain[:_MOST_NAME] or "unnamed"
    return f"{note.id} {note.choice} {note.generation or _NO_GENERATION} {name}"


def parse_note(text: str) -> LaptopNote | None:
    """What a line says; None for one that no laptop of ours sends."""
    found = _NOTE.fullmatch(text)
    if found is None or not is_plain(found[4]):
        return None
    generation = None if found[3] == _NO_GENERATION else found[3]
    return LaptopNote(found[1], found[2], generation, found[4])
