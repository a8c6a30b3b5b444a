"""YAML for people: letters of every language stand as they are, and nothing in it acts."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml

from ..foreign.text import is_plain

__all__ = ["readable_yaml"]

_NOT_ASCII = re.compile(r"[^\n\x20-\x7e]")


def readable_yaml(data: Any, dumper: Any, **options: Any) -> str:
    """Dump with a subclass of ``dumper``; keys keep their order.

    What YAML itself takes for printable, such as bidirectional controls, is written as an escape.
    """
    text = yaml.dump(data, Dumper=_careful(dumper), sort_keys=False, allow_unicode=True, **options)
    return _NOT_ASCII.sub(_escaped, str(text))


@cache
def _careful(dumper: Any) -> Any:
    """Puts text in double quotes where escapes will be needed: nowhere else does YAML have any."""
    careful: Any = type("_Careful", (dumper,), {})
    careful.add_representer(str, _represent)
    return careful


def _represent(dumper: Any, text: str) -> Any:
    is_fine = all(map(is_plain, text.split("\n")))
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if is_fine else '"')


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    return character if is_plain(character) else f"\\U{ord(character):08x}"
