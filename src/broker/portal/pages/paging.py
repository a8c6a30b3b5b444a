"""Which page of a long list was asked for."""

from __future__ import annotations

from flask import request

__all__ = ["requested_number"]

_MOST = 1_000_000


def requested_number() -> int:
    """The parameter ``page``, from 1; what is not a number is the first page."""
    text = request.args.get("page", "1")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 8 else 1
    return min(max(number, 1), _MOST)
