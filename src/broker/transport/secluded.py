"""Arguments that rsync reads from its input, so that no list of processes shows a table. Pure.

``rsync --server -s`` reads all other arguments first, each with a zero byte after it and one more
at the end (rsync(1), ``--secluded-args``). It takes the paths among them for patterns.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["COMMAND", "secluded"]

COMMAND = ("/usr/bin/rsync", "--server", "-s")


def secluded(options: Sequence[str], paths: Sequence[str]) -> bytes:
    """What rsync has to read before the client's own bytes; ``paths`` are taken literally."""
    words = ["rsync", "--server", *options, ".", *map(_literal, paths)]
    return "".join(f"{word}\0" for word in [*words, ""]).encode("utf-8", "surrogateescape")


def _literal(path: str) -> str:
    """rsync removes backslashes only where a pattern has a wildcard."""
    return re.sub(r"([*?\[\]\\])", r"\\\1", path) if re.search(r"[*?\[]", path) else path
