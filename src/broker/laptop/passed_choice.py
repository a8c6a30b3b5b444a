"""The choice of datasets that the broker passes on from its portal, and what this folder goes by.

A folder with a line ``without`` in its ``broker.toml`` goes by that. Any other follows the portal.
"""

from __future__ import annotations

import re
import secrets
import socket
from dataclasses import replace
from pathlib import Path

from ..errors import LaptopError
from ..files import write_atomic
from ..foreign.dataset_choice import (
    CHOICE_FILE,
    MOST_CHOICE_BYTES,
    DatasetChoice,
    parse_choice,
    render_choice,
)
from ..foreign.laptop_note import NO_CHOICE, OWN_CHOICE, LaptopNote
from .announcement import offered_in
from .choice import TableChoice, read_choice
from .generations import id_of
from .workspace import Workspace

__all__ = [
    "choice_in_use",
    "followed",
    "keep_choice",
    "kept_choice",
    "laptop_note",
    "offered_choice",
    "where_chosen",
]

_ID = re.compile(r"[0-9a-f]{16}")


def offered_choice(workspace: Workspace) -> DatasetChoice | None:
    """What the broker passes on now; None where nothing was chosen. Raises ``LaptopError``."""
    return _read(offered_in(workspace) / CHOICE_FILE)


def kept_choice(workspace: Workspace) -> DatasetChoice | None:
    """What it passed on with the last sync that went well, as far as that can be read."""
    try:
        return _read(_kept(workspace))
    except LaptopError:  # the next sync writes it anew
        return None


def keep_choice(workspace: Workspace, choice: DatasetChoice | None) -> None:
    """Remember it, for what is asked of this folder until the next sync."""
    if choice is None:
        _kept(workspace).unlink(missing_ok=True)
    else:
        write_atomic(_kept(workspace), render_choice(choice), mode=0o644)


def followed(own: TableChoice, passed: DatasetChoice | None) -> TableChoice:
    """What counts: the folder's own setting, and where it has none, that of the portal."""
    if own.without is not None or passed is None:
        return own
    return replace(own, without=passed.without, is_passed=True)


def choice_in_use(workspace: Workspace) -> TableChoice:
    """What this folder goes by since its last sync. Raises ``LaptopError`` for ``broker.toml``."""
    return followed(read_choice(workspace.choice), kept_choice(workspace))


def where_chosen(choice: TableChoice) -> str:
    """Where it was decided which datasets are here."""
    if choice.is_passed:
        return "the portal"
    return "broker.toml" if choice.without is not None else "nowhere"


def laptop_note(workspace: Workspace) -> LaptopNote:
    """What this folder says of itself to the broker; its id is made once."""
    own, passed = read_choice(workspace.choice), kept_choice(workspace)
    chosen = passed.id if passed is not None else NO_CHOICE
    tree = workspace.tree()
    return LaptopNote(
        _id(workspace),
        OWN_CHOICE if own.without is not None else chosen,
        id_of(tree) if tree is not None else None,
        socket.gethostname(),
    )


def _id(workspace: Workspace) -> str:
    place = workspace.state / "laptop"
    try:
        known = place.read_text(encoding="ascii").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        known = ""
    if _ID.fullmatch(known) is None:
        known = secrets.token_hex(8)
        write_atomic(place, f"{known}\n", mode=0o644)
    return known


def _kept(workspace: Workspace) -> Path:
    return workspace.state / CHOICE_FILE


def _read(place: Path) -> DatasetChoice | None:
    try:
        with place.open("rb") as stream:
            return parse_choice(stream.read(MOST_CHOICE_BYTES + 1))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise LaptopError(
            "the choice of datasets that the broker passes on cannot be read",
            where=place.name,
            found=str(error),
            remedy="Nothing was changed here. Tell the broker's operator; a line without = [] in "
            "broker.toml lets this folder decide by itself.",
        ) from error
