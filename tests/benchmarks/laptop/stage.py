"""A deployed broker and a laptop, both booted, and what the wire between them carried."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rig.hosts import DEFAULT, Host, Run
from rig.hosts.link import DEVICE, slow_link
from tests.system.deploy import broker_image
from tests.system.laptop.laptops import AnalystFolder, Ended, add_analyst, boot_laptop

__all__ = ["MEGABITS", "MILLISECONDS", "Stage", "Wire", "set_up"]

MEGABITS, MILLISECONDS = 20.0, 40.0
_FAST = "host0"  # the name that systemd-nspawn gives to a host's own network
_OF_SYNCS = (
    *("big", "user/duckdb", "server/generations", "server/current", ".broker/offered*"),
    *(".broker/newest", ".broker/views*", ".broker/last-sync.json", "broker.toml"),
)
_INSIDE = "/opt/inside.py"


@dataclass(frozen=True)
class Wire:
    """What went over a device of the laptop, both ways, from frames up: headers, ssh and all."""

    host: Host
    device: str = _FAST

    def bytes(self) -> int:
        """By the kernel's counters."""
        place = f"/sys/class/net/{self.device}/statistics"
        counted = self.host.exec("cat", f"{place}/rx_bytes", f"{place}/tx_bytes").stdout
        return sum(map(int, counted.split()))


@dataclass(frozen=True)
class Stage:
    """``rows`` says how much is measured, ``pairs`` how often; ``data`` is a scratch place."""

    broker: Host
    laptop: Host
    line: str
    data: Path
    rows: int
    pairs: int

    @property
    def folder(self) -> AnalystFolder:
        """The folder of the first contact, whose environment others use."""
        return AnalystFolder(self.laptop)

    def empty(self, name: str) -> AnalystFolder:
        """A folder that knows the broker and has its program, but no data and no views."""
        return self.folder.copy(name, *_OF_SYNCS)

    def slow(self) -> AbstractContextManager[None]:
        """The link of a home office."""
        return slow_link(self.laptop, self.broker, megabits=MEGABITS, milliseconds=MILLISECONDS)

    @property
    def slow_wire(self) -> Wire:
        """What goes over the slow link."""
        return Wire(self.laptop, DEVICE)

    @property
    def wire(self) -> Wire:
        """What goes over the network of the hosts."""
        return Wire(self.laptop)

    def inside(self, work: str, old: str, new: str) -> tuple[float, float]:
        """Seconds that a piece of work takes on the laptop, by the Python of the first folder.

        By the clock, and of the processors.
        """
        script = Path(__file__).with_name("inside.py").read_text()
        (self.laptop.root / _INSIDE.removeprefix("/")).write_text(script)
        python = f"{self.folder.path}/.broker/venv/bin/python"
        out = f"{self.folder.path}/.broker/bench"
        ended = self.folder.type(f"{python} -I {_INSIDE} {work} {old} {new} {out}")
        seconds, computed = well(ended).output.split()
        return float(seconds), float(computed)


def well(ended: Ended) -> Ended:
    """What ended with 0; all that it wrote is the error of any other."""
    if ended.code:
        raise RuntimeError(f"exit code {ended.code}\n{ended.output}\n{ended.errors}")
    return ended


@contextmanager
def set_up(run: Run, data: Path, rows: int, pairs: int) -> Iterator[Stage]:
    """Both hosts, without any data; the analyst has their line."""
    laptop = boot_laptop(run)
    broker = run.boot("broker", DEFAULT, disks=broker_image(run, DEFAULT).disks)
    try:
        yield Stage(broker, laptop, add_analyst(broker, laptop), data, rows, pairs)
    finally:
        run.remove("broker")
        run.remove("laptop")
