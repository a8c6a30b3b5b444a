"""What must follow a change before it counts, remembered where a run was cut off in between.

A file that was written looks done to the next run, though systemd does not know of it.
Standard library only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .hostpaths import RUN

__all__ = ["owes", "owing"]

# A restart of the host reads everything anew, and takes this along.
_PLACE = RUN / "data-broker-owed"


def owes(what: str, *, place: Path = _PLACE) -> bool:
    """Whether a run that was cut off, or failed, left ``what`` to be done."""
    return _note(what, place).exists()


@contextmanager
def owing(what: str, *, place: Path = _PLACE) -> Iterator[None]:
    """Change something, and do ``what`` then; it is owed until the end of this was reached."""
    place.mkdir(mode=0o700, exist_ok=True)
    note = _note(what, place)
    note.write_text(f"{what}\n")
    yield
    note.unlink(missing_ok=True)


def _note(what: str, place: Path) -> Path:
    return place / hashlib.sha256(what.encode()).hexdigest()[:16]
