"""The sync as a timer will run it, tried before there is a timer."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

from ...errors import LaptopError, LockedError
from ...foreign.text import prose
from .timer import FolderTimer, script_of

__all__ = ["try_sync"]

_SECONDS = 180
_BUSY = 75
_MOST_SHOWN = 400
_GIVEN = ("HOME", "USER", "LOGNAME", "SHELL", "LANG", "XDG_RUNTIME_DIR", "TMPDIR")


def try_sync(timer: FolderTimer, agent: str | None) -> None:
    """Ask the broker for its manifest in the environment of a timer; nothing is changed.

    ``agent`` is the socket of an ssh-agent that a timer will find. Raises ``LaptopError`` where the
    sync fails there, and ``LockedError`` while another one is running.
    """
    given = {name: os.environ[name] for name in _GIVEN if name in os.environ}
    environment = {**given, **timer.environment}
    code, words = _sync(timer, environment | ({"SSH_AUTH_SOCK": agent} if agent else {}))
    if code == 0:
        return
    if code == _BUSY:
        raise LockedError(
            "a sync is running in this folder",
            where=str(timer.root),
            remedy="Wait for it to end, then type this again.",
        )
    mine = os.environ.get("SSH_AUTH_SOCK")
    if mine and mine != agent and _sync(timer, {**environment, "SSH_AUTH_SOCK": mine})[0] == 0:
        raise LaptopError(
            "your key works through the ssh-agent of this session alone, which a timer does not "
            "have",
            found=words,
            remedy="Make a key without a passphrase for this folder, have your operator add it, "
            "and name it on top of .broker/ssh_config: IdentityFile ~/.ssh/YOUR_KEY",
        )
    raise LaptopError(
        "a sync without a terminal fails, so a timer would fail as well",
        found=words,
        remedy="Nothing was changed. Mend that, then type this again.",
    )


def _sync(timer: FolderTimer, environment: Mapping[str, str]) -> tuple[int, str]:
    """The exit code, and the last line of what it complained of."""
    line = [timer.bash, str(script_of(timer.root)), "--dry-run", "--quiet"]
    try:
        ended = subprocess.run(
            line,
            cwd=timer.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
            start_new_session=True,  # ssh must not find the terminal and ask there
        )
    except subprocess.TimeoutExpired:
        return 124, f"no answer within {_SECONDS} seconds"
    last = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
    return ended.returncode, prose(last.removeprefix("broker: "), _MOST_SHOWN)
