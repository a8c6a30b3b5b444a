"""How much an analyst may push: bytes and files in ``user/``, and what the disk keeps free.

sshd's configuration sets the limits as environment variables, which a client cannot change.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass

from ..space import MAX_DEPTH, Space, TooDeepError, free_bytes, measure
from .grammar import Refusal

__all__ = ["SpaceLimits", "Watch", "read_limits", "watch"]

_MB = 1_000_000
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class SpaceLimits:
    """The defaults are those of the role ``ssh``."""

    space_mb: int = 10_240
    files: int = 100_000
    reserve_mb: int = 1_024


def read_limits(environment: Mapping[str, str]) -> SpaceLimits:
    """From ``BROKER_USER_MB``, ``BROKER_USER_FILES`` and ``BROKER_RESERVE_MB``."""
    known = SpaceLimits()
    try:
        return SpaceLimits(
            int(environment.get("BROKER_USER_MB", known.space_mb)),
            int(environment.get("BROKER_USER_FILES", known.files)),
            int(environment.get("BROKER_RESERVE_MB", known.reserve_mb)),
        )
    except ValueError:
        raise Refusal("The broker's limits of space are not numbers; ask its operator.") from None


class Watch:
    """Looks at ``user/`` again and again while rsync writes into it."""

    def __init__(self, folder: int, limits: SpaceLimits) -> None:
        self._folder = folder
        self._limits = limits
        self.pause = _PAUSE_SECONDS

    def problem(self) -> str | None:
        """One sentence when ``user/`` or the disk is full; None while there is room."""
        began = time.monotonic()
        if free_bytes(self._folder) < self._limits.reserve_mb * _MB:
            return (
                f"The broker's disk has less than {self._limits.reserve_mb:,} MB left, which it "
                "keeps free; ask its operator."
            )
        try:
            space = measure(self._folder)
        except TooDeepError:
            return f"user/ has folders that are nested more than {MAX_DEPTH} deep."
        self.pause = max(_PAUSE_SECONDS, 4 * (time.monotonic() - began))
        return self._judge(space)

    def limit_files(self) -> None:
        """No single file that this process or its children write may pass the limit."""
        size = self._limits.space_mb * _MB
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    def _judge(self, space: Space) -> str | None:
        limits = self._limits
        if space.bytes <= limits.space_mb * _MB and space.files <= limits.files:
            return None
        return (
            f"user/ holds {space.bytes // _MB:,} MB in {space.files:,} files and folders; at most "
            f"{limits.space_mb:,} MB and {limits.files:,} are kept here. Delete some on your side, "
            "then: rsync -rv --delete ./user/ HOST:user/"
        )


def watch(folder: int, environment: Mapping[str, str]) -> Watch:
    """The watch over an open ``user/``; it keeps a descriptor of its own."""
    return Watch(os.dup(folder), read_limits(environment))
