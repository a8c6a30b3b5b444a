"""The list of certificates that open a session, for the program that sshd asks at each login.

Each line is a digest of one certificate (account, serial, key and authority) and its end. So
the reader needs no rights, and learns from the list nothing but how many there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from .certificates import Certificate
from .times import render_time

__all__ = ["accepts", "render_valid"]


def render_valid(issued: Iterable[Certificate], authority: str) -> str:
    """The text of the file. ``authority`` is the fingerprint of the key that signed them."""
    lines = (
        f"{_digest(one.analyst, str(one.serial), one.fingerprint, authority)} {one.until}\n"
        for one in issued
    )
    return "".join(sorted(lines))


def accepts(
    valid: str, name: str, serial: str, fingerprint: str, authority: str, now: datetime
) -> bool:
    """Whether the list holds exactly this certificate and it has not ended.

    ``serial`` and the fingerprints are as sshd writes them: decimal, and ``SHA256:`` with base64.
    """
    wanted, moment = _digest(name, serial, fingerprint, authority), render_time(now)
    rows = (line.split() for line in valid.splitlines())
    return any(len(row) == 2 and row[0] == wanted and row[1] > moment for row in rows)


def _digest(*facts: str) -> str:
    return hashlib.sha256("\n".join(facts).encode("utf-8", "surrogateescape")).hexdigest()
