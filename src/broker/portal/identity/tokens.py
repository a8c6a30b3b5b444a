"""Secrets that a person carries: made here, kept as their SHA-256 alone."""

from __future__ import annotations

import hashlib
import secrets

__all__ = ["digest_of", "new_token"]

_BYTES = 32


def new_token() -> str:
    """256 random bits as text that can stand in an address."""
    return secrets.token_urlsafe(_BYTES)


def digest_of(token: str) -> str:
    """What the database keeps of a token: SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()
