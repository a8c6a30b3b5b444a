"""A slow way between two hosts: packets wait, and a second carries so many bits and no more.

    python -m rig.hosts.link PID ADDRESS MEGABITS MILLISECONDS

Not every kernel has netem. Here the packets of the host with the first process PID to ADDRESS, and
back, go through a TUN device at each end and this process between them: what TCP sees is a link.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .host import Host
from .machine import line
from .shell import HostError, sh, wait_for

__all__ = ["DEVICE", "slow_link"]

DEVICE = "slow0"  # in the host, whose counters count what goes over the link
_TUNSETIFF = 0x400454CA  # linux/if_tun.h
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_MTU = 1500
_WAITING = 1000  # packets, as netem has it; one more is lost


@contextmanager
def slow_link(host: Host, to: Host, *, megabits: float, milliseconds: float) -> Iterator[None]:
    """Let all that ``host`` and ``to`` send each other take the slow way.

    ``megabits`` a second go each way; ``milliseconds`` are those of there and back.
    """
    command = [sys.executable, "-m", "rig.hosts.link", str(host.running()), to.address]
    with subprocess.Popen(
        [*command, str(megabits), str(milliseconds)], cwd=Path(__file__).parents[2]
    ) as relay:
        try:
            wait_for("the slow link", lambda: _is_up(host, relay), seconds=10)
            yield
        finally:
            relay.terminate()


def _is_up(host: Host, relay: subprocess.Popen[bytes]) -> bool:
    if relay.poll() is not None:
        raise HostError(f"the relay of the slow link ended with {relay.returncode}")
    route = host.exec("ip", "route", "show", "dev", DEVICE, check=False).stdout
    return "src" in route


@dataclass
class Way:
    """Packets on their way in one direction. Times are seconds of a monotonic clock."""

    bits_per_second: float
    delay: float
    free: float = 0.0
    waiting: deque[tuple[float, bytes]] = field(default_factory=deque)

    def take(self, packet: bytes, now: float) -> None:
        """Let a packet wait for its turn, or lose it where too many wait."""
        if len(self.waiting) >= _WAITING:
            return
        self.free = max(self.free, now) + len(packet) * 8 / self.bits_per_second
        self.waiting.append((self.free + self.delay, packet))

    def arrived(self, now: float) -> Iterator[bytes]:
        """The packets that are there by now."""
        while self.waiting and self.waiting[0][0] <= now:
            yield self.waiting.popleft()[1]

    @property
    def next(self) -> float:
        """When the next one arrives."""
        return self.waiting[0][0] if self.waiting else float("inf")


def _device(name: str) -> int:
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return descriptor


def _device_in(pid: int, name: str) -> int:
    """A device in the network of a process."""
    libc = ctypes.CDLL(None, use_errno=True)
    own, other = (os.open(f"/proc/{one}/ns/net", os.O_RDONLY) for one in ("self", pid))
    try:
        for descriptor in (other, own):
            if libc.setns(descriptor, _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
            if descriptor == other:
                device = _device(name)
    finally:
        os.close(own)
        os.close(other)
    return device


def _relay(ways: dict[int, tuple[int, Way]]) -> None:
    """Carry packets until this process is ended: from a device to the other one by its way."""
    while True:
        wait = min(way.next for _, way in ways.values()) - time.monotonic()
        ready, _, _ = select.select([*ways], [], [], None if wait == float("inf") else max(wait, 0))
        now = time.monotonic()
        for descriptor in ready:
            ways[descriptor][1].take(os.read(descriptor, _MTU + 100), now)
        for target, way in ways.values():
            for packet in way.arrived(now):
                os.write(target, packet)


def main(pid: int, address: str, megabits: float, milliseconds: float) -> None:
    """Make both devices and their routes, and carry packets."""
    outer_name = f"slow{pid}"
    outer, inner = _device(outer_name), _device_in(pid, DEVICE)
    here = address.rpartition(".")[0].replace("10.77.", "10.78.", 1) + ".2"
    sh("ip", "link", "set", outer_name, "up")
    sh("ip", "route", "add", here, "dev", outer_name)
    for command in (
        f"ip address add {here} dev {DEVICE}",
        f"ip link set {DEVICE} up",
        f"ip route add {address} dev {DEVICE} src {here}",
    ):
        sh(*line(pid, *command.split()))
    rate, delay = megabits * 1e6, milliseconds / 2000
    _relay({inner: (outer, Way(rate, delay)), outer: (inner, Way(rate, delay))})


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))
