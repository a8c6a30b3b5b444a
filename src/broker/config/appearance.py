"""What an instance says of how its portal looks: kinds of values, each with its check."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, WithJsonSchema

from ..foreign.addresses import folded_address
from .colour import AA, contrast, nearest_readable
from .values import is_safe_name, unexpected

__all__ = ["Accent", "Logo", "Support"]

_HEX = re.compile(r"#[0-9a-fA-F]{6}")
_WHITE, _BLACK = "#ffffff", "#000000"


def _accent(colour: str) -> str:
    if not _HEX.fullmatch(colour):
        unexpected("a colour of six hexadecimal digits in quotes, such as '#0b5cad'")
    found = contrast(colour, _WHITE)
    if found < AA:
        darker = nearest_readable(colour, _WHITE, towards=_BLACK)
        unexpected(
            f"a colour that can be read on white: a contrast of {AA} or more, "
            f"and this one has {found:.1f}",
            f"A darker one is '{darker}'.",
        )
    return colour.lower()


def _logo(name: str) -> str:
    if is_safe_name(name) and name.lower().endswith((".svg", ".png")):
        return name
    return unexpected("the name of a file beside instance.yaml that ends with .svg or .png")


def _support(contact: str) -> str:
    is_address = contact == "" or folded_address(contact) is not None
    parts = urlsplit(contact)
    if is_address or (parts.scheme == "https" and parts.netloc and contact.isprintable()):
        return contact
    return unexpected("an e-mail address, or an address that begins with https://")


Accent = Annotated[
    str,
    AfterValidator(_accent),
    WithJsonSchema({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "examples": ["#0b5cad"]}),
]
"""A colour in which text can be read on white."""

Logo = Annotated[str, AfterValidator(_logo)]
"""The name of a picture beside instance.yaml."""

Support = Annotated[str, AfterValidator(_support)]
"""Where people get help."""
