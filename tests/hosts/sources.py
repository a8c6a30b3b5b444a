"""The outer machine's package sources, said again for another Debian release. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .releases import Release

__all__ = ["Source", "derive", "parse_deb822", "parse_one_line", "render"]

_POCKETS = ("", "-updates", "-security")
_ALIASES = ("stable", "oldstable", "testing")


@dataclass(frozen=True)
class Source:
    """One mirror and one suite of it, for example ``http://deb.debian.org/debian trixie``."""

    uri: str
    suite: str


PUBLIC = (
    Source("http://deb.debian.org/debian", "stable"),
    Source("http://deb.debian.org/debian", "stable-updates"),
    Source("http://deb.debian.org/debian-security", "stable-security"),
)


def parse_one_line(text: str) -> list[Source]:
    """Sources of a ``sources.list``: ``deb [options] URI SUITE COMPONENT...``."""
    found = []
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words[:1] != ["deb"]:
            continue
        if len(words) > 1 and words[1].startswith("["):
            end = next((i for i, word in enumerate(words) if word.endswith("]")), 0)
            words = ["deb", *words[end + 1 :]]
        if len(words) > 3 and "main" in words[3:]:
            found.append(Source(words[1], words[2]))
    return found


def parse_deb822(text: str) -> list[Source]:
    """Sources of a ``*.sources`` file: stanzas of ``Field: values``, comments anywhere."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    stanzas = "\n".join(lines).split("\n\n")
    return [source for stanza in stanzas for source in _stanza(_fields(stanza))]


def _fields(stanza: str) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    name = ""
    for line in stanza.splitlines():
        continued = line[:1].isspace()
        head, _, rest = line.partition(":")
        name = name if continued else head.lower()
        fields.setdefault(name, []).extend((line if continued else rest).split())
    return fields


def _stanza(fields: dict[str, list[str]]) -> list[Source]:
    if "deb" not in fields.get("types", []) or fields.get("enabled") == ["no"]:
        return []
    if "main" not in fields.get("components", []):
        return []
    return [Source(uri, suite) for uri in fields.get("uris", []) for suite in fields["suites"]]


def derive(outer: Iterable[Source], codename: str, release: Release) -> list[Source]:
    """The Debian sources among ``outer`` (a machine of ``codename``), for ``release``.

    The pockets for updates and security come along; other vendors' sources and backports do not.
    Where the outer machine names no Debian mirror, the public one is taken.
    """
    return _translate(outer, codename, release) or _translate(PUBLIC, codename, release)


def _translate(sources: Iterable[Source], codename: str, release: Release) -> list[Source]:
    wanted = {
        f"{name}{pocket}": f"{release.codename}{pocket}"
        for name in (codename, *_ALIASES)
        for pocket in _POCKETS
    }
    found = [Source(s.uri, wanted[s.suite]) for s in sources if s.suite in wanted]
    has_release = any(source.suite == release.codename for source in found)
    return list(dict.fromkeys(found)) if has_release else []


def render(sources: Iterable[Source]) -> str:
    """A ``sources.list``."""
    return "".join(f"deb {source.uri} {source.suite} main\n" for source in sources)
