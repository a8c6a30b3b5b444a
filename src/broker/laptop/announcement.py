"""What the broker says that it has: its manifest, and the list of the program's own files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from ..errors import LaptopError
from ..foreign.dataset_choice import CHOICE_FILE, MOST_CHOICE_BYTES
from ..foreign.strict_json import MOST_BYTES
from ..manifest import Manifest
from .transfer import FileSource, Wanted
from .trust import SIGNERS, check_signature
from .workspace import MANIFEST, SIGNATURE, Workspace, parse_manifest, read_bytes

__all__ = ["LIST", "MANIFEST_ALONE", "Announcement", "ask", "offered_in", "read_announcement"]

LIST = "SHA256SUMS"
MANIFEST_ALONE = Wanted("generation", {MANIFEST, SIGNATURE}, by_content=True, most_bytes=MOST_BYTES)
_CHOICE = Wanted(
    "settings", {CHOICE_FILE}, by_content=True, most_bytes=MOST_CHOICE_BYTES, may_be_absent=True
)
_MOST_OF_LIST = 1 << 20
_OF_SCRIPTS = {LIST, f"{LIST}.sig", SIGNERS, f"{SIGNERS}.sig"}


@dataclass(frozen=True, slots=True)
class Announcement:
    """A manifest that a pinned key signed, as bytes and as what they say."""

    content: bytes
    manifest: Manifest


def ask(workspace: Workspace, source: FileSource) -> int:
    """Have in ``.broker/offered`` what the broker offers now; returns the bytes that were moved.

    The manifest with its signature, the list of scripts with its own, and which datasets the
    analyst chose in the portal.
    What was offered before helps to move less, and is never taken for what is offered now.
    """
    offered = offered_in(workspace)
    before = offered.with_name("offered-before")
    if offered.exists():
        shutil.rmtree(before, ignore_errors=True)
        offered.rename(before)
    wanted = [
        MANIFEST_ALONE,
        _CHOICE,
        Wanted("scripts", _OF_SCRIPTS, by_content=True, most_bytes=_MOST_OF_LIST),
    ]
    return source.fetch(wanted, offered, basis=before if before.exists() else None)


def offered_in(workspace: Workspace) -> Path:
    """Where the word of the broker stands."""
    return workspace.state / "offered"


def read_announcement(workspace: Workspace, folder: Path, name: str) -> Announcement:
    """The manifest in a folder, once its signature holds; raises ``LaptopError``."""
    try:
        content = read_bytes(folder / MANIFEST)
    except FileNotFoundError:
        raise LaptopError(
            f"{name} shows no data",
            remedy="Nothing was changed here. Ask its operator whether it has published anything, "
            "and whether you may read it.",
        ) from None
    check_signature(workspace, content, folder / SIGNATURE, f"the data of {name}")
    return Announcement(content, parse_manifest(content))
