"""From the paths that a client writes to a base folder and names below it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..hostpaths import SERVED, SETTINGS, VIEW_LINK, VIEW_PARTS
from .grammar import HELP, Refusal

__all__ = ["ROOTS", "RemotePath", "one_base", "parse_path"]

MAX_NAMES = 40
MAX_PATHS = 100
ROOTS = (VIEW_LINK, *SERVED, SETTINGS)
_LISTED = ", ".join(f"server/{name}/" for name in (*VIEW_PARTS, *SERVED))


@dataclass(frozen=True, slots=True)
class RemotePath:
    """``base`` is what stands in ``server/``, or ``user``; ``names`` are the parts below it."""

    base: str
    names: tuple[str, ...]
    slash: bool


def parse_path(path: str, *, sends: bool) -> RemotePath:
    """Where a path leads, or ``Refusal``: no ``..``, nothing absolute, no place but the known."""
    parts = path.removeprefix("~/").split("/")
    if path.startswith("/") or ".." in parts or len(parts) > MAX_NAMES:
        raise Refusal(f"The path {_short(path)} leads outside of what is offered here. {HELP}")
    names = tuple(part for part in parts if part not in ("", "."))
    slash = parts[-1] in ("", ".") and bool(names)
    if names[:1] == ("user",):
        found = RemotePath("user", names[1:], slash)
    elif not sends:
        raise Refusal(f"Only user/ can be written to. {HELP}")
    else:
        found = _of_server(names, path, slash)
    if sends and not found.names and not slash:
        raise Refusal(f"Write {path[:40]}/ with a slash at its end to pull what is in it.")
    return found


def one_base(places: Sequence[RemotePath]) -> str:
    """The base that all places share; one rsync begins in one folder."""
    bases = {one.base for one in places}
    if len(bases) > 1 or len(places) > MAX_PATHS:
        raise Refusal("Pull what is below server/ and user/ in several calls, one for each.")
    return bases.pop()


def _of_server(names: tuple[str, ...], path: str, slash: bool) -> RemotePath:
    if len(names) > 1 and names[0] == "server":
        if names[1] in VIEW_PARTS:
            return RemotePath(VIEW_LINK, names[1:], slash)
        if names[1] in ROOTS:
            return RemotePath(names[1], names[2:], slash)
    raise Refusal(f"There is no {_short(path)} here; pull from {_LISTED} or user/.")


def _short(path: str) -> str:
    return repr(path if len(path) <= 60 else f"{path[:60]}…")
