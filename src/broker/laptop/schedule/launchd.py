"""Timers of launchd on a Mac: an agent of the person's own."""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import LaptopError
from ...files import write_atomic
from ...portable import user_id
from .calls import Call, call, must
from .property_list import is_ours, property_list
from .timer import FolderTimer, TimerState

__all__ = ["LaunchdTimers"]

_MODE = 0o644


class LaunchdTimers:
    """``launchctl``, in the domain of the person's desktop."""

    def __init__(self, home: Path, run: Call = call) -> None:
        """``home`` is the person's."""
        self._agents = home / "Library" / "LaunchAgents"
        self._domain = f"gui/{user_id()}"
        self._run = run

    def check(self) -> None:
        """See ``Timers``."""
        if self._run(["launchctl", "print", self._domain]).returncode != 0:
            raise LaptopError(
                "launchd does not run agents for you here",
                expected="a session on the desktop of this Mac",
            )

    def agent_socket(self) -> str | None:
        """See ``Timers``."""
        ended = self._run(["launchctl", "getenv", "SSH_AUTH_SOCK"])
        return ended.stdout.strip() or None

    def switch_on(self, timer: FolderTimer) -> None:
        """See ``Timers``."""
        content, place = property_list(timer), self._place(timer.name)
        _refuse_foreign(place, timer.name)
        self._agents.mkdir(parents=True, exist_ok=True)
        self._unload(timer.name)
        try:
            write_atomic(place, content, mode=_MODE)
            must(self._run(["launchctl", "bootstrap", self._domain, str(place)]))
        except (LaptopError, OSError):
            self.switch_off(timer.name)
            raise

    def switch_off(self, name: str) -> list[Path]:
        """See ``Timers``."""
        place = self._place(name)
        _refuse_foreign(place, name)
        self._unload(name)
        if not place.exists():
            return []
        place.unlink()
        return [place]

    def state(self, name: str) -> TimerState:
        """See ``Timers``; launchd says neither when it ran nor when it runs next."""
        ended = self._run(["launchctl", "print", f"{self._domain}/{name}"])
        code = re.search(r"last exit code = (\d+)", ended.stdout)
        return TimerState(ended.returncode == 0, exit_code=int(code[1]) if code else None)

    def _unload(self, name: str) -> None:
        if self.state(name).is_active:
            must(self._run(["launchctl", "bootout", f"{self._domain}/{name}"]))

    def _place(self, name: str) -> Path:
        return self._agents / f"{name}.plist"


def _refuse_foreign(place: Path, name: str) -> None:
    if not place.is_symlink() and not place.exists():
        return
    if place.is_symlink() or not is_ours(place.read_bytes(), name):
        raise LaptopError(
            "this agent is not the broker's, and is left as it is",
            where=str(place),
            remedy="Move it away, then type this again.",
        )
