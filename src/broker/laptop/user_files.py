"""What is the analyst's own, sent to the broker to be kept there as well."""

from __future__ import annotations

from pathlib import Path

from .shelf import present
from .transfer import FileSource
from .workspace import Workspace

__all__ = ["push"]

_DATABASES = (".duckdb", ".duckdb.wal", ".ddb", ".db")
_MOST_BYTES = 100_000_000


def push(workspace: Workspace, source: FileSource) -> list[str]:
    """Send ``user/``, and remove nothing there; returns what was left out, with the reason."""
    left_out = {path: why for path, why in map(_reason, _files(workspace.user)) if why}
    source.push(workspace.user, left_out)
    return [f"{path}: {why}" for path, why in sorted(left_out.items())]


def _files(folder: Path) -> list[tuple[str, Path]]:
    return [(path, Path(entry.path)) for path, entry in present(folder)]


def _reason(file: tuple[str, Path]) -> tuple[str, str]:
    """Why a file stays here; empty if it does not."""
    path, place = file
    if path.endswith(_DATABASES) or Path(path).name.startswith(".analytics.duckdb"):
        return path, "a database"
    if place.is_symlink():
        return path, "a link"
    if place.stat().st_size > _MOST_BYTES:
        return path, f"larger than {_MOST_BYTES // 1_000_000} MB"
    return path, ""
