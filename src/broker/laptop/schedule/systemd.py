"""Timers of systemd for users: units below the person's own folder, never those of the system."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from ...errors import LaptopError
from ...files import write_atomic
from ...foreign.text import prose
from .calls import Call, CallResult, call, must
from .timer import FolderTimer, TimerState
from .units import MARK, units

__all__ = ["SystemdTimers"]

_MODE = 0o644
_MOST_SHOWN = 200


class SystemdTimers:
    """``systemctl --user``. Two units for a timer, and a link that starts it with the session."""

    def __init__(self, environment: Mapping[str, str], run: Call = call) -> None:
        """``environment`` says where the person keeps settings."""
        home = Path(environment.get("HOME") or "/nonexistent")
        config = environment.get("XDG_CONFIG_HOME") or ""
        folders = [Path(config)] if config.startswith("/") else []
        self._candidates = [base / "systemd" / "user" for base in (*folders, home / ".config")]
        self._run = run

    def check(self) -> None:
        """See ``Timers``."""
        self._folder()

    def agent_socket(self) -> str | None:
        """See ``Timers``."""
        for line in must(self._systemctl("show-environment")).splitlines():
            name, _, value = line.partition("=")
            if name == "SSH_AUTH_SOCK":
                return value
        return None

    def switch_on(self, timer: FolderTimer) -> None:
        """See ``Timers``."""
        content, folder = units(timer), self._folder()
        for name in content:
            _refuse_foreign(folder / name)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for name, text in content.items():
                write_atomic(folder / name, text, mode=_MODE)
            must(self._systemctl("daemon-reload"))
            must(self._systemctl("enable", f"{timer.name}.timer"))
            must(self._systemctl("restart", f"{timer.name}.timer"))
        except (LaptopError, OSError):
            self.switch_off(timer.name)
            raise

    def switch_off(self, name: str) -> list[Path]:
        """See ``Timers``. A sync that is running goes on to its end."""
        folder = self._folder()
        files = [folder / f"{name}.timer", folder / f"{name}.service"]
        for file in files:
            _refuse_foreign(file)
        made = [file for file in files if file.exists()]
        if self.state(name).is_active:
            must(self._systemctl("stop", f"{name}.timer"))
        # Not by ``disable``: it needs the unit, and another program may have removed that.
        link = folder / "timers.target.wants" / f"{name}.timer"
        link.unlink(missing_ok=True)
        if made:
            # What Persistent= remembers; a unit that cannot be loaded has nothing of the kind.
            self._systemctl("clean", "--what=state", f"{name}.timer")
        for file in made:
            file.unlink()
        must(self._systemctl("daemon-reload"))
        return made

    def state(self, name: str) -> TimerState:
        """See ``Timers``."""
        timer = self._properties(f"{name}.timer", "ActiveState", "NextElapseUSecRealtime")
        service = self._properties(f"{name}.service", "ExecMainExitTimestamp", "ExecMainStatus")
        ended = _instant(service["ExecMainExitTimestamp"])
        return TimerState(
            is_active=timer["ActiveState"] == "active",
            next_run=_instant(timer["NextElapseUSecRealtime"]),
            last_run=ended,
            exit_code=int(service["ExecMainStatus"]) if ended else None,
        )

    def _properties(self, unit: str, *names: str) -> dict[str, str]:
        wanted = [f"--property={name}" for name in names]
        lines = must(self._systemctl("show", unit, *wanted)).splitlines()
        found = dict.fromkeys(names, "")
        found.update((name, value) for name, _, value in (line.partition("=") for line in lines))
        return found

    def _folder(self) -> Path:
        """Where the manager of this person looks for units; raises ``LaptopError`` without one."""
        ended = self._systemctl("show", "--property=UnitPath", "--value")
        if ended.returncode != 0:
            raise LaptopError(
                "systemd does not run timers for you here",
                found=prose(ended.stderr or f"exit code {ended.returncode}", _MOST_SHOWN),
            )
        # Blanks between paths, and in them: so no split.
        known = f" {ended.stdout.strip()} "
        for folder in self._candidates:
            if f" {folder} " in known:
                return folder
        raise LaptopError(
            "systemd does not read units of yours",
            expected=" or ".join(str(folder) for folder in self._candidates),
            found=prose(ended.stdout, _MOST_SHOWN),
        )

    def _systemctl(self, *words: str) -> CallResult:
        return self._run(["systemctl", "--user", "--no-pager", *words])


def _refuse_foreign(file: Path) -> None:
    if not file.is_symlink() and not file.exists():
        return
    if file.is_symlink() or not file.read_bytes().startswith(MARK.encode()):
        raise LaptopError(
            "this unit is not the broker's, and is left as it is",
            where=str(file),
            remedy="Move it away, then type this again.",
        )


def _instant(text: str) -> datetime | None:
    """As systemctl prints it in English and UTC; None for ``n/a`` and nothing."""
    try:
        return datetime.strptime(text, "%a %Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except ValueError:
        return None
