"""The outer machine's package mirrors, written for another Debian release. Pure."""

from __future__ import annotations

from .releases import Release

__all__ = ["FORMAT", "PUBLIC", "derive"]

# One line of `apt-get indextargets` per index; the last three fields come from the Release file.
FORMAT = "$(REPO_URI) $(COMPONENT) $(CODENAME) $(ORIGIN)"

PUBLIC = """\
http://deb.debian.org/debian/ main stable Debian
http://deb.debian.org/debian/ main stable-updates Debian
http://deb.debian.org/debian-security/ main stable-security Debian
"""

_POCKETS = ("", "updates", "security")


def derive(indexes: str, release: Release) -> str:
    """A ``sources.list`` of ``release`` from the mirrors in ``indexes`` (lines in ``FORMAT``).

    Debian's own archive with its pockets for updates and security comes along; backports and
    other vendors' archives do not. Empty when no line names Debian's archive.
    """
    found = []
    for line in indexes.splitlines():
        uri, component, suite, *origin = line.split()
        _, dash, pocket = suite.partition("-")
        if origin == ["Debian"] and component == "main" and pocket in _POCKETS:
            found.append(f"deb {uri} {release.codename}{dash}{pocket} main\n")
    return "".join(dict.fromkeys(found))
