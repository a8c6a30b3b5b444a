"""Sessions that are never kept: a list that only the person changes."""

from __future__ import annotations

from ...errors import LaptopError
from ...files import write_atomic
from ..agents.transcripts import SESSION_ID
from ..starting import QUERY
from ..workspace import Workspace

__all__ = ["NAME", "add_private", "read_private"]

NAME = "private_sessions"


def read_private(workspace: Workspace) -> frozenset[str]:
    """Their ids, one in a line; raises ``LaptopError`` for anything else, since it may be one."""
    place = workspace.state / NAME
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return frozenset()
    except UnicodeDecodeError as error:
        raise LaptopError("the file cannot be read", where=str(place), found=str(error)) from error
    for number, line in enumerate(lines, 1):
        if line.strip() and SESSION_ID.fullmatch(line.strip()) is None:
            raise LaptopError(
                "this is not the id of a session, so no transcript is kept",
                where=f"{place}:{number}",
                expected=f"an id as in: {QUERY} sessions list",
                found=line,
            )
    return frozenset(line.strip() for line in lines if line.strip())


def add_private(workspace: Workspace, session: str) -> None:
    """One more; raises ``LaptopError`` where the list cannot be read, or ``OSError``."""
    known = read_private(workspace) | {session}
    write_atomic(workspace.state / NAME, "".join(f"{one}\n" for one in sorted(known)), mode=0o600)
