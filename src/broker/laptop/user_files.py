"""What is the analyst's own, sent to the broker to be kept there as well."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from .shelf import present
from .transfer import FileSource
from .workspace import Workspace

__all__ = ["push"]

_OURS = ("duckdb/analytics.duckdb", "duckdb/.analytics.duckdb", "duckdb/views.sql")
_SESSIONS = "sessions/"
_DATABASES = (".duckdb", ".duckdb.wal", ".ddb", ".db")
_MOST_BYTES = 100_000_000


def push(workspace: Workspace, source: FileSource, transcripts: Collection[str]) -> list[str]:
    """Send ``user/``, and remove nothing there; returns what was left out, with the reason.

    Of ``user/sessions/`` these ``transcripts`` alone are sent. That others stay here, and what each
    sync makes anew, is not worth a word.
    """
    files = _files(workspace.user)
    ours = {path for path, _ in files if path.startswith(_OURS)}
    ours |= {p for p, _ in files if p.startswith(_SESSIONS) and p not in transcripts}
    left_out = {path: why for path, why in map(_reason, files) if why and path not in ours}
    source.push(workspace.user, {*left_out, *ours})
    return [f"{path}: {why}" for path, why in sorted(left_out.items())]


def _files(folder: Path) -> list[tuple[str, Path]]:
    return [(path, Path(entry.path)) for path, entry in present(folder)]


def _reason(file: tuple[str, Path]) -> tuple[str, str]:
    """Why a file stays here; empty if it does not."""
    path, place = file
    if path.endswith(_DATABASES):
        return path, "a database"
    if place.is_symlink():
        return path, "a link"
    if place.stat().st_size > _MOST_BYTES:
        return path, f"larger than {_MOST_BYTES // 1_000_000} MB"
    return path, ""
