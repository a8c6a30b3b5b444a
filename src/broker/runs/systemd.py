"""What systemd says of the units that sync."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ..errors import BrokerError

__all__ = [
    "FAILED",
    "SERVICE",
    "SUCCEEDED",
    "TIMER",
    "Unit",
    "alive",
    "live",
    "parse",
    "recording",
    "unit_states",
    "with_recorders",
]

SERVICE = "broker-sync.service"
TIMER = "broker-sync.timer"
SUCCEEDED, FAILED = "succeeded", "failed"
_PROPERTIES = (
    "ActiveState",
    "ExecMainCode",
    "ExecMainExitTimestamp",
    "ExecMainStatus",
    "Id",
    "InactiveEnterTimestamp",
    "InvocationID",
    "Job",
    "LoadState",
    "NextElapseUSecRealtime",
    "Result",
    "SubState",
    "UnitFileState",
)
_TIME = "%a %Y-%m-%d %H:%M:%S UTC"
_CODES = {"1": "exited", "2": "killed", "3": "dumped"}  # of siginfo_t: see waitid(2)
_BUSY = ("active", "activating", "deactivating", "reloading")


class Unit(dict[str, str]):
    """Properties of one unit by their names; what systemd does not report is empty."""

    def __missing__(self, key: str) -> str:
        """Empty."""
        return ""

    @property
    def busy(self) -> bool:
        """Whether it runs, or is about to."""
        return self["ActiveState"] in _BUSY or self["Job"] not in ("", "0")

    @property
    def code(self) -> str:
        """How the main process ended, in the words that handlers get."""
        return _CODES.get(self["ExecMainCode"], "")

    @property
    def status(self) -> str:
        """Its exit code, or the signal that ended it, as handlers get it."""
        status = self["ExecMainStatus"]
        signals = {str(int(one)): one.name.removeprefix("SIG") for one in signal.Signals}
        return status if self.code == "exited" else signals.get(status, status)

    def time(self, name: str) -> datetime | None:
        """A time as systemd writes it where the zone is UTC; None for none."""
        try:
            return datetime.strptime(self[name], _TIME).replace(tzinfo=UTC)
        except ValueError:
            return None


def recorders(unit: str) -> list[str]:
    """The units that record the end of another. Two, since systemd tells each only of one."""
    return [f"broker-sync-ended@{how}:{unit}.service" for how in (SUCCEEDED, FAILED)]


def unit_states(units: Iterable[str]) -> dict[str, Unit]:
    """What systemd knows of these now; raises ``BrokerError`` where it does not answer."""
    names = list(dict.fromkeys(units))
    line = ["systemctl", "show", f"--property={','.join(_PROPERTIES)}", "--", *names]
    clock = {**os.environ, "TZ": "UTC", "LC_ALL": "C"}
    try:
        done = subprocess.run(line, env=clock, capture_output=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _silent(str(error)) from error
    if done.returncode != 0:
        raise _silent(done.stderr.decode(errors="replace").strip())
    return parse(done.stdout.decode(errors="replace"), names)


def parse(text: str, names: Sequence[str]) -> dict[str, Unit]:
    """What ``systemctl show`` printed of these units."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    if len(blocks) != len(names):
        raise _silent(f"{len(blocks)} answers to {len(names)} questions")
    return {
        name: Unit(line.split("=", 1) for line in block.splitlines() if "=" in line)
        for name, block in zip(names, blocks, strict=True)
    }


def alive(begun: Mapping[str, str]) -> set[str]:
    """Which recorded runs are still active. One whose end is being recorded is."""
    return live(unit_states(with_recorders(begun.values())), begun) if begun else set()


def with_recorders(units: Iterable[str]) -> list[str]:
    """Units, and those that record their ends. In this order: an end is recorded after it."""
    names = [*dict.fromkeys(units)]
    return names + [one for name in names for one in recorders(name)]


def live(found: Mapping[str, Unit], begun: Mapping[str, str]) -> set[str]:
    """As ``alive``, of what was looked up."""
    return {
        invocation
        for invocation, name in begun.items()
        if (found[name].busy and found[name]["InvocationID"] == invocation)
        or any(found[one].busy for one in recorders(name))
    }


def recording(found: Mapping[str, Unit], names: Iterable[str]) -> bool:
    """Whether the end of one of these units is just being recorded."""
    return any(found[one].busy for name in names if not found[name].busy for one in recorders(name))


def _silent(found: str) -> BrokerError:
    return BrokerError(
        "systemd does not report the state of the sync units",
        where="systemctl show",
        found=found[:200] or "nothing",
        remedy="Run this as root; `systemctl status` says whether systemd itself is well.",
    )
