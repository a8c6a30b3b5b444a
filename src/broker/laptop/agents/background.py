"""A sync in the background of an agent's session: started detached, its end kept and shown once."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...errors import LaptopError, LockedError
from ...files import lock, write_atomic
from ...foreign.strict_json import read_json
from ...manifest import Manifest
from ..starting import module_line, sync_line
from ..workspace import Workspace

__all__ = ["BackgroundSync", "run", "start", "take_outcome"]

_MODE = 0o600
_MOST_CHANGES = 200
_LOG_BYTES = 4_000
if sys.platform == "win32":  # no sessions: a process without a console outlives that of an agent
    _DETACHED = subprocess.CREATE_NO_WINDOW
else:
    _DETACHED = 0


@dataclass(frozen=True, slots=True)
class BackgroundSync:
    """How a sync ended, and which views have other rows now; ``ended`` is None if it was cut off.

    Instants are ISO 8601 in UTC.
    """

    started: str
    ended: str | None = None
    exit_code: int | None = None
    before: str | None = None
    after: str | None = None
    changed: tuple[str, ...] = ()
    last_line: str = ""


def start(workspace: Workspace) -> None:
    """Begin a sync that outlives the agent, and return at once."""
    subprocess.Popen(
        [*module_line(__name__), str(workspace.root)],
        cwd=workspace.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=_DETACHED,
    )


def run(workspace: Workspace) -> None:
    """Sync, and keep how it ended; nothing where another one of these is running."""
    place = _place(workspace)
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        with lock(place.with_suffix(".lock"), purpose="a sync in the background", wait_seconds=0):
            outcome = BackgroundSync(_now())
            _keep(place, outcome)
            _keep(place, _synced(workspace, outcome))
    except LockedError:
        return


def take_outcome(workspace: Workspace) -> BackgroundSync | None:
    """The outcome of the last one, once; None while it runs, or if there was none.

    Raises ``ValueError``, once, where what is kept of it cannot be read.
    """
    place = _place(workspace)
    try:
        with lock(place.with_suffix(".lock"), purpose="reading its outcome", wait_seconds=0):
            plain = read_json(place)
            place.unlink()
    except (LockedError, FileNotFoundError):
        return None
    except ValueError:
        place.unlink()
        raise
    return BackgroundSync(**{**plain, "changed": tuple(plain["changed"])})


def _synced(workspace: Workspace, outcome: BackgroundSync) -> BackgroundSync:
    before = _manifest(workspace)
    done = subprocess.run(
        [*sync_line(workspace.scripts), "--quiet"],
        cwd=workspace.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    after = _manifest(workspace)
    lines = done.stdout[-_LOG_BYTES:].decode("utf-8", "replace").strip().splitlines()
    return BackgroundSync(
        started=outcome.started,
        ended=_now(),
        exit_code=done.returncode,
        before=before.generation if before else None,
        after=after.generation if after else None,
        changed=_changed(before, after),
        last_line=lines[-1] if lines else "",
    )


def _manifest(workspace: Workspace) -> Manifest | None:
    try:
        return workspace.in_use()[0]
    except LaptopError:
        return None


def _changed(before: Manifest | None, after: Manifest | None) -> tuple[str, ...]:
    """The views whose files are others."""
    known = {e.path: [f.sha256 for f in e.files] for e in before.tables} if before else {}
    tables = after.tables if after else ()
    views = after.view_names if after else {}
    changed = [e.path for e in tables if [f.sha256 for f in e.files] != known.get(e.path)]
    return tuple(views[path] for path in changed[:_MOST_CHANGES])


def _keep(place: Path, outcome: BackgroundSync) -> None:
    write_atomic(place, json.dumps(asdict(outcome)), mode=_MODE, durable=False)


def _place(workspace: Workspace) -> Path:
    return workspace.state / "agents" / "sync.json"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    run(Workspace.at(Path(sys.argv[1])))
