"""Throwaway Debian hosts on this machine, for the demo, Molecule and pytest alike.

    with temporary() as run:
        broker = run.boot("broker")
        broker.run("hostname")

As root on Linux; standard library only. The same from a shell: ``python -m rig.hosts --help``.
"""

from .host import Host
from .image import Image
from .lifecycle import at, destroy, find, open_run, runs, sweep, temporary
from .outer import can_boot
from .processes import Process
from .releases import DEFAULT, RELEASES, Release
from .run import Run
from .shell import HostError, wait_for

__all__ = [
    "DEFAULT",
    "RELEASES",
    "Host",
    "HostError",
    "Image",
    "Process",
    "Release",
    "Run",
    "at",
    "can_boot",
    "destroy",
    "find",
    "open_run",
    "runs",
    "sweep",
    "temporary",
    "wait_for",
]
