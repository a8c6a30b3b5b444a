"""One connection of ssh for all that a sync transfers: one login, one touch of a key.

The first transfer opens it, in the background, and the others go through it (``ControlMaster`` of
ssh_config(5)). It ends with the sync; where that is killed, with the next one, or by itself once
nothing uses it.
"""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

from ..workspace import Workspace

__all__ = ["SharedConnection"]

_IDLE_SECONDS = 60
_LOGIN_SECONDS = 180  # a person may have to type or to touch something
_END_SECONDS = 5
_BROKEN = 255
_MOST = 100_000  # characters of what ssh says
# A disk that knows no sockets, or an ssh that shares no connection: each transfer has its own.
_CANNOT = re.compile(r"unix_listener|muxserver|mux_|ControlPath|ControlPersist|ControlSocket")


class SharedConnection:
    """Opened once, by whichever transfer comes first. Several threads may use it."""

    def __init__(self, name: str, workspace: Workspace) -> None:
        """``name`` is the broker as ssh takes it. Nothing happens yet."""
        self._name = name
        self._workspace = workspace
        # Seen from the folder, where ssh starts: the path of a socket may not be long.
        state = workspace.state.relative_to(workspace.root)
        self._socket = state / f"ssh-{secrets.token_hex(4)}"
        self._lock = Lock()
        self._line: list[str] = []  # by which it was opened
        self._is_used = False
        self._cannot = False

    def open(self, ssh: Sequence[str]) -> tuple[int, str]:
        """Log in, unless that is done or cannot be shared: 0, or 255 and what ssh says of it.

        ``ssh`` is the command line of ssh up to the name of the host.
        """
        with self._lock:
            if self._line or self._cannot:
                return 0, ""
            self._end_those_left(ssh)
            line = [*ssh, *_options(f"ControlPath={self._socket}")]
            code, errors = self._log_in(line)
            if code == 0:
                self._line, self._is_used = line, True
            elif _CANNOT.search(errors):
                self._cannot = True
                return 0, ""
            return code, errors

    def _log_in(self, line: Sequence[str]) -> tuple[int, str]:
        settings = _options("ControlMaster=yes", f"ControlPersist={_IDLE_SECONDS}")
        # Not a pipe: what goes on in the background would keep it open.
        log = self._workspace.state / "ssh.err"
        with log.open("w+", errors="replace") as errors:
            try:
                ended = subprocess.run(
                    [*line, *settings, "-f", "-N", self._name],
                    cwd=self._workspace.root,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    check=False,
                    timeout=_LOGIN_SECONDS,
                )
            except subprocess.TimeoutExpired:
                return _BROKEN, f"there was no login within {_LOGIN_SECONDS} seconds"
            errors.seek(0)
            return _BROKEN if ended.returncode else 0, errors.read(_MOST)

    def _end_those_left(self, ssh: Sequence[str]) -> None:
        """End connections of syncs that were killed: each is a login, and a broker counts them."""
        state = self._workspace.state
        for left in [path for path in state.glob("ssh-*") if path.is_socket()]:
            path = left.relative_to(self._workspace.root)
            self._end([*ssh, *_options(f"ControlPath={path}")])
            left.unlink(missing_ok=True)  # of a laptop that lost its power, none answers

    def words(self) -> list[str]:
        """What a transfer adds to the command line of ssh, so that it goes through it."""
        with self._lock:
            if not self._is_used:
                return []
            return _options(f"ControlPath={self._socket}", "ControlMaster=no")

    def leave(self) -> None:
        """From now on each transfer has a connection of its own; those under way go on."""
        with self._lock:
            self._is_used = False

    def close(self) -> None:
        """End it, and what still goes through it."""
        with self._lock:
            line, self._line, self._is_used = self._line, [], False
        if line:
            self._end(line)

    def _end(self, line: Sequence[str]) -> None:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(
                [*line, "-O", "exit", self._name],
                cwd=self._workspace.root,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=_END_SECONDS,
            )


def _options(*settings: str) -> list[str]:
    return [word for setting in settings for word in ("-o", setting)]
