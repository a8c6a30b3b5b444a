"""Which sentences name a place of the host: they are for operators, and for no one else."""

from __future__ import annotations

import re

__all__ = ["has_place"]

_WEB_ADDRESS = re.compile(r"https?://[^\s,;'\"<>()]*")
# Where a path begins. Where it ends no one can say: names may have blanks, commas and quotes.
_BEGIN = re.compile(r"(?<![\w~.])/(?!\s|\Z)")


def has_place(text: str) -> bool:
    """Whether a sentence names a path of the host, also as ``file://``; in doubt it does.

    A path that begins with a name (``shop/orders``), ``~`` or a dot does not count.
    """
    return _BEGIN.search(_WEB_ADDRESS.sub("", text)) is not None
