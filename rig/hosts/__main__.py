"""``python -m rig.hosts``: words to calls."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from . import base, disk, lifecycle, machine, places, releases
from .outer import can_boot
from .processes import Process
from .run import Run
from .shell import HostError

__all__ = ["main"]


def main(arguments: list[str] | None = None) -> int:
    """Exit code 0 when done, 1 with one message when not, 2 for a wrong command line."""
    signal.signal(signal.SIGTERM, _stop)
    options = _parse(sys.argv[1:] if arguments is None else arguments)
    try:
        reason = None if options.act in (_check, _list) else can_boot()
        if reason:
            raise HostError(f"no host can be booted here: {reason}")
        return int(options.act(options))
    except HostError as error:
        _say(str(error))
        return 1
    except KeyboardInterrupt:
        return 130


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _write(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _check(_options: argparse.Namespace) -> int:
    reason = can_boot()
    _write(f"no: {reason}" if reason else "yes")
    return 1 if reason else 0


def _up(options: argparse.Namespace) -> int:
    if options.fresh:
        lifecycle.destroy(lifecycle.at(options.run))
    owner = Process.of(options.owner) if options.owner else Process.current()
    run = lifecycle.open_run(options.run, owner=owner)
    made_here = run.owner() == owner
    try:
        for word in options.names:
            name, _, release = word.partition(":")
            chosen = releases.find(release or str(releases.DEFAULT.number))
            run.boot(name, chosen, _say, disks=options.disks)
        _report([run], as_json=options.json)
        if options.hold:
            _say("Ctrl-C ends these hosts")
            signal.pause()
        if made_here and not options.owner:
            run.keep()
    except BaseException:
        if made_here:
            lifecycle.destroy(run)
        raise
    return 0


def _down(options: argparse.Namespace) -> int:
    lifecycle.sweep()
    for run in lifecycle.runs() if options.all else [lifecycle.at(options.run)]:
        lifecycle.destroy(run)
    return 0


def _list(options: argparse.Namespace) -> int:
    _report(lifecycle.runs(), as_json=options.json)
    if not options.json:
        uses = [(name, disk.used_bytes(folder) >> 20) for name, folder in places.uses().items()]
        _write(f"on disk in {places.root()}: " + ", ".join(f"{name} {mb} MB" for name, mb in uses))
    return 0


def _report(runs: list[Run], *, as_json: bool) -> None:
    described = [run.describe() for run in runs]
    if as_json:
        _write(json.dumps(described, indent=2))
        return
    for run in described:
        for host in run["hosts"].values():
            up = "up" if host["leader"] else "down"
            used = f"{host['disk_mb']} MB"
            _write(f"{run['name']}/{host['name']}  {up}  {host['address']}  {used}  {host['ssh']}")


def _exec(options: argparse.Namespace) -> int:
    pid = lifecycle.find(options.run).host(options.name).running()
    return _become(machine.line(pid, *options.command))


def _ssh(options: argparse.Namespace) -> int:
    host = lifecycle.find(options.run).host(options.name)
    return _become([*host.ssh(), *options.command])


def _become(command: list[str]) -> NoReturn:
    os.execvp(command[0], command)  # noqa: S606 - no shell is the point


def _base(options: argparse.Namespace) -> int:
    for name in options.releases or [str(release.number) for release in releases.RELEASES]:
        _write(str(base.ensure(releases.find(name), _say)))
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    """What follows ``--`` is a host's, and none of our options."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = _parser()
    options = parser.parse_args(arguments[:end])
    options.command = arguments[end + 1 :]
    if options.act is _exec and not options.command:
        parser.error("say what to run: exec NAME -- COMMAND")
    return options


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m rig.hosts", description="Throwaway hosts")
    acts = parser.add_subparsers(required=True, metavar="COMMAND")
    add = partial(_add, acts)

    up = add(_up, "up", "boot hosts, or say that they stand; they stay until `down`")
    up.add_argument("names", nargs="+", metavar="NAME[:RELEASE]", help="release: 13 (default), 12")
    up.add_argument("--fresh", action="store_true", help="end the run of this name first")
    up.add_argument("--hold", action="store_true", help="stay, and end the hosts on Ctrl-C")
    up.add_argument("--owner", type=int, metavar="PID", help="the process the hosts end with")
    up.add_argument("--disks", type=_paths, default=[], metavar="PATH:...", help="of an image")
    up.add_argument("--json", action="store_true")
    add(_down, "down", "end hosts").add_argument("--all", action="store_true", help="every run")
    add(_list, "list", "the hosts there are, and the space they take").add_argument(
        "--json", action="store_true"
    )
    for act, name, what in (
        (_exec, "exec", "run a command inside, without ssh: exec NAME -- COMMAND"),
        (_ssh, "ssh", "open a shell, or run a command, over ssh: ssh NAME [-- COMMAND]"),
    ):
        add(act, name, what).add_argument("name", metavar="NAME")
    add(_base, "base", "build base systems").add_argument("releases", nargs="*", metavar="RELEASE")
    add(_check, "check", "say whether hosts can be booted here")
    return parser


def _paths(text: str) -> list[Path]:
    return [Path(word) for word in text.split(":")]


def _add(
    acts: Any, act: Callable[[argparse.Namespace], int], name: str, what: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = acts.add_parser(name, help=what, description=what)
    parser.set_defaults(act=act)
    parser.add_argument("--run", default="default", help="the run these hosts belong to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
