"""Boot, wait for, and stop a system in its own namespaces with systemd-nspawn."""

from __future__ import annotations

import os
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from . import cgroups, disk, processes
from .shell import HostError, sh, tail, wait_for

__all__ = [
    "answers",
    "enter",
    "kill",
    "kill_all",
    "leader",
    "line",
    "power_off",
    "running",
    "start",
    "wait_ready",
]

BOOT_SECONDS = 60.0
_INSIDE = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
}


def _directory(folder: Path) -> str:
    return f"--directory={folder / 'root'}"


# One tree of control groups, and the right to load what filters packets of a group in it.
_FILTERING = ("--capability=CAP_BPF,CAP_PERFMON", "--system-call-filter=bpf")
_ONE_TREE = {"SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
# Where a host's sockets are shown to this machine: one mount for each, by the host's name.
_EXPORTS = Path("/run/systemd/nspawn/unix-export")


def start(
    folder: Path, machine: str, hostname: str, bridge: str, *, filtering: bool = False
) -> None:
    """Start the boot and return; it goes on when this process ends, and a Ctrl-C misses it.

    With ``filtering`` the host's systemd enforces ``IPAddressDeny=``, and no limit of memory where
    version 1 of control groups is mounted outside.
    """
    command = [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        _directory(folder),
        f"--machine={machine}",
        f"--hostname={hostname}",
        f"--network-bridge={bridge}",
        f"--bind={disk.pip_cache()}:/root/.cache/pip",
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        "--register=no",
        *(_FILTERING if filtering else ()),
    ]
    if not Path("/run/systemd/system").is_dir():
        command = [*_supervisor(cgroups.make(machine)), *command, "--keep-unit"]
    _clear_exports(machine)
    with (folder / "console.log").open("ab") as console:
        subprocess.run(
            ["setsid", "--fork", *command],
            check=True,
            env=_INSIDE | (_ONE_TREE if filtering else {}),
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
        )


def _supervisor(groups: list[Path]) -> list[str]:
    """The beginning of a command line that does for the rest what a systemd outside would:
    give it a control group, and start it again when the host reboots.

    systemd-nspawn(1): with --keep-unit it ends with 133 where the host asks for a reboot.
    """
    joins = "".join(f"echo 0 > {shlex.quote(str(group))} && " for group in groups)
    script = f'while ({joins}exec "$@"); [ $? -eq 133 ]; do :; done'
    return ["sh", "-c", script, "sh"]


def _clear_exports(pattern: str) -> None:
    """Remove what a killed systemd-nspawn (257) left mounted: no host of that name would start."""
    for left in _EXPORTS.glob(pattern):
        sh("umount", "--lazy", str(left), check=False)
        with suppress(FileNotFoundError):  # its systemd-nspawn ends just now, and clears it away
            left.rmdir()


def running(folder: Path) -> bool:
    """Whether a host is up, or on its way there."""
    return any(_directory(folder) in arguments for _, arguments in processes.supervisors())


def leader(folder: Path) -> int | None:
    """The host's process 1 as this machine numbers it; ``None`` when the host is not running."""
    return next(_leaders(disk.layer(folder / "disk")), None)


def _leaders(layers: Path) -> Iterator[int]:
    """The first processes of hosts by where their own layer is: at ``layers``, or below it.

    Known by their mounts, they are found when the systemd-nspawn that began them is dead, too.
    """
    signs = (f"upperdir={layers},", f"upperdir={layers}/")
    for pid, mounts in processes.inits():
        if any(sign in mounts for sign in signs):
            yield pid


def enter(
    pid: int,
    *command: str,
    check: bool = True,
    stdin: str | None = None,
    timeout: float | None = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a command in the host's namespaces; needs no network and no sshd."""
    return sh(*line(pid, *command), check=check, stdin=stdin, timeout=timeout)


def line(pid: int, *command: str) -> list[str]:
    """The command line that enters a host, with none of this machine's environment."""
    inside = [f"{name}={value}" for name, value in _INSIDE.items()]
    return [
        "nsenter",
        "--target",
        str(pid),
        "--all",
        "env",
        "--ignore-environment",
        *inside,
        *command,
    ]


def wait_ready(folder: Path, address: str, seconds: float = BOOT_SECONDS) -> None:
    """Wait until every unit is up and sshd greets."""
    wait_for(
        "the host's first process",
        lambda: leader(folder) is not None,
        seconds=seconds,
        explain=lambda: tail(folder / "console.log"),
    )
    wait_for(
        "a system with every unit up",
        lambda: _is_running(folder),
        seconds=seconds,
        explain=lambda: explain(folder),
    )
    wait_for(
        f"a greeting of sshd at {address}",
        lambda: answers(address),
        seconds=seconds,
        explain=lambda: explain(folder),
    )


def _is_running(folder: Path) -> bool:
    pid = leader(folder)
    if pid is None:
        return False
    question = ("timeout", "5", "systemctl", "is-system-running", "--wait")
    state = enter(pid, *question, check=False).stdout.strip()
    if state == "degraded":
        raise HostError(f"the host booted with failed units\n{explain(folder)}")
    return state == "running"


def explain(folder: Path) -> str:
    """What a host in trouble says itself: failed units and the end of its journal."""
    pid = leader(folder)
    if pid is None:
        return f"the host is not running; its console shows:\n{tail(folder / 'console.log')}"
    failed = enter(pid, "systemctl", "--failed", "--no-legend", "--plain", check=False).stdout
    journal = enter(pid, "journalctl", "--no-pager", "--lines=40", check=False).stdout
    return f"failed units:\n{failed or 'none'}\njournal:\n{journal}"


def answers(address: str) -> bool:
    """Whether an ssh server greets there."""
    try:
        with socket.create_connection((address, 22), timeout=2) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def kill(folder: Path) -> None:
    """Pull a host's plug: nothing inside gets to say goodbye."""
    _kill(disk.layer(folder / "disk"), _directory(folder))


def power_off(folder: Path) -> None:
    """Let a host end in order: everything stopped, everything written."""
    pid = leader(folder)
    if pid is not None:
        enter(pid, "systemctl", "--no-block", "poweroff")
    gone = partial(_is_gone, folder)
    wait_for("the host's power off", gone, seconds=60, explain=lambda: explain(folder))


def _is_gone(folder: Path) -> bool:
    return leader(folder) is None and not running(folder)


def kill_all(folder: Path, bridge: str) -> None:
    """Pull the plug of every host of the run in ``folder``."""
    _kill(folder / "hosts", f"--machine={bridge}-")
    cgroups.remove(f"{bridge}-*")
    _clear_exports(f"{bridge}-*")


def _kill(layers: Path, argument: str) -> None:
    """End hosts known by their layers, or by how an argument of their supervisor begins."""
    wait_for("the end of killed hosts", partial(_pull_plugs, layers, argument), seconds=20)


def _pull_plugs(layers: Path, argument: str) -> bool:
    """Kill the first processes; systemd-nspawn then clears up and ends.

    Whether all are gone; one that has not come to its first process yet is for the next call.
    """
    leaders = list(_leaders(layers))
    for pid in leaders:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    arguments = [word for _, words in processes.supervisors() for word in words]
    return not leaders and not any(word.startswith(argument) for word in arguments)
