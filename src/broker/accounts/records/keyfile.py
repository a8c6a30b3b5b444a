"""The authorized_keys file of one analyst, as the broker renders it and reads it back."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from ...errors import AccountsError
from .keys import Key, parse_key
from .times import expiry_option, read_expiry

__all__ = ["ENDING", "read_key_file", "render_keys"]

ENDING = "# What keys that are gone have opened is being ended.\n"
_HEADER = "# Kept by the data broker and rendered whole: edits are lost. Use add-analyst.\n"
_OUR_OPTION = re.compile(r'expiry-time="([0-9]{14}Z)" (.*)')


def _parse_line(line: str, *, where: str) -> Key:
    """The key of a line that :func:`render_keys` wrote."""
    found = _OUR_OPTION.fullmatch(line)
    if found is None:
        return parse_key(line, where=where)
    return replace(parse_key(found[2], where=where), expires=read_expiry(found[1]))


def render_keys(keys: Iterable[Key], *, ending: bool = False) -> str:
    """The whole authorized_keys file of one analyst; sshd itself minds the time.

    ``ending`` marks a file whose lost keys may still have something open.
    """
    mark = ENDING if ending else ""
    return _HEADER + mark + "".join(f"{_rendered(key)}\n" for key in keys if not key.revoked)


def read_key_file(text: str) -> tuple[list[Key], int]:
    """The keys of an authorized_keys file, and how many of its lines the broker never writes."""
    keys, foreign = [], 0
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        try:
            keys.append(_parse_line(line, where="key file"))
        except (AccountsError, ValueError):
            foreign += 1
    return keys, foreign


def _rendered(key: Key) -> str:
    return key.line if key.until is None else f"{expiry_option(key.until)} {key.line}"
