"""The Debian releases that hosts are booted with."""

from __future__ import annotations

import os
from dataclasses import dataclass

from .shell import HostError

__all__ = ["DEFAULT", "RELEASES", "Release", "find"]


@dataclass(frozen=True)
class Release:
    """One Debian release: ``13`` is called ``trixie``."""

    number: int
    codename: str

    def __str__(self) -> str:
        return f"debian-{self.number}"


RELEASES = (Release(13, "trixie"), Release(12, "bookworm"))


def find(name: str) -> Release:
    """The release called ``13``, ``trixie`` or ``debian-13``."""
    for release in RELEASES:
        if name in (str(release.number), release.codename, str(release)):
            return release
    known = ", ".join(f"{release.number} ({release.codename})" for release in RELEASES)
    raise HostError(f"no Debian release {name!r} here; known: {known}")


# The release of hosts where a test or the demo names none: ``make test DEBIAN=12``.
DEFAULT = find(os.environ.get("BROKER_DEBIAN", str(RELEASES[0].number)))
