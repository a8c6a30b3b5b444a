"""Stands in for the openrsync of a Mac: this machine's rsync, with what differs on a Mac.

openrsync is in no registry of packages, so its source is what this follows (KlaraSystems/openrsync:
``main.c``, ``fargs.c``, ``client.c``, ``log.c``, ``session.c``, as of 2025) and what a Mac was seen
to send (apache/tooling-trusted-releases, issue 155): its options and no others, protocol 29, words
to the server that rsync 3 never sends, a process group of its own, exit code 1 for whatever breaks,
``rsync(PID): error: …`` as its complaint, and its lines of progress and statistics.

How openrsync itself reads and writes the protocol is not shown by this.
"""

from __future__ import annotations

import getopt
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

__all__ = ["PLACE", "server_words"]

PLACE = __file__
_REAL = "/usr/bin/rsync"
_WORDS = "OPENRSYNC_WORDS"
_SHORT = "0468B:CDEFHIKLOPRSVWabcde:f:ghklnopqrtuvxyz"
_PLAIN = (
    "archive backup checksum compress delete delete-after delete-before delete-during dry-run "
    "existing group hard-links ignore-existing ignore-times links numeric-ids owner partial perms "
    "progress quiet recursive size-only stats times update verbose version whole-file"
)
_WITH_VALUE = (
    "bwlimit compare-dest contimeout exclude exclude-from include include-from link-dest max-size "
    "min-size modify-window out-format partial-dir protocol rsh rsync-path timeout"
)
_LONG = [*_PLAIN.split(), *(f"{name}=" for name in _WITH_VALUE.split())]
_ARCHIVE = ("links", "perms", "times", "group", "owner", "devices", "recursive")
_LETTERS = {
    "a": "archive",
    "c": "checksum",
    "D": "devices",
    "g": "group",
    "l": "links",
    "n": "dry-run",
    "o": "owner",
    "p": "perms",
    "r": "recursive",
    "t": "times",
    "u": "update",
    "v": "verbose",
    "z": "compress",
}
# In the order of fargs_cmdline(), whether it pulls or pushes.
_SENT = {
    "delete": "--delete-before",
    "checksum": "-c",
    "numeric-ids": "--numeric-ids",
    "group": "-g",
    "links": "-l",
    "dry-run": "-n",
    "owner": "-o",
    "perms": "-p",
    "devices": "-D",
    "recursive": "-r",
    "times": "-t",
    "update": "-u",
    "verbose": "-v",
    "progress": "--progress",
    "ignore-existing": "--ignore-existing",
    "existing": "--ignore-non-existing",
    "compress": "-z",
}


def server_words(arguments: Sequence[str]) -> list[str]:
    """What openrsync has the other side run for these arguments of its own."""
    options, places = getopt.gnu_getopt(list(arguments), _SHORT, _LONG)
    named = {_LETTERS.get(name[1:], name.removeprefix("--")): value for name, value in options}
    if "archive" in named:
        named |= dict.fromkeys(_ARCHIVE, "")
    sends = ":" in places[-1]
    words = ["rsync", "--server", *([] if sends else ["--sender"])]
    words += [word for name, word in _SENT.items() if name in named]
    if "max-size" in named:
        words.append(f"--max-size={named['max-size']}")
    words += ["--dirs"] if "archive" in named else []
    paths = places[-1:] if sends else places[:-1]
    return [*words, ".", *(path.partition(":")[2] for path in paths)]


def main(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        sys.stdout.write("openrsync: protocol version 29\nrsync version 2.6.9 compatible\n")
        return 0
    try:
        words = server_words(arguments)
    except getopt.GetoptError:
        sys.stderr.write("usage: rsync [-0468BCDEFHIKLOPRSTWVabcdghklnopqrtuvxyz] [-e program]\n")
        return 1
    os.setpgid(0, 0)
    own = [word for word in arguments if not word.startswith("--rsh=")]
    named = [word[6:] for word in arguments if word.startswith("--rsh=")]
    shell = named[0] if named else os.environ.get("RSYNC_RSH", "ssh")
    return _run(
        [_REAL, "--protocol=29", f"--rsh={sys.executable} {PLACE} --as-shell {shell}", *own],
        {**os.environ, _WORDS: json.dumps(words)},
    )


def _run(line: Sequence[str], environment: Mapping[str, str]) -> int:
    with subprocess.Popen(
        line, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as real:
        signal.signal(signal.SIGTERM, _end)
        assert real.stdout is not None
        assert real.stderr is not None
        rest = b""
        while piece := os.read(real.stdout.fileno(), 65536):
            *whole, rest = re.split(rb"(?<=[\r\n])", rest + piece)
            for text in whole:
                sys.stdout.write(_as_openrsync(text.decode()))
            sys.stdout.flush()
        complaints = real.stderr.read().decode().splitlines()
    others = [text for text in complaints if not re.match(r"rsync error|rsync: connection", text)]
    sys.stderr.write("".join(f"{text}\n" for text in others))
    if real.returncode in (0, 23):
        return real.returncode
    sys.stderr.write(f"rsync({os.getpid()}): error: unexpected end of file\n")
    return 1


def _end(*_: object) -> None:
    """With it all that it began, as all of it is in its group."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    os._exit(20)


def _as_openrsync(line: str) -> str:
    found = re.match(r"\s+([0-9,]+)\s+([0-9]+)%(.*)", line, re.DOTALL)
    if found is not None:
        return f" {int(found[1].replace(',', '')):14d} {int(found[2]):3d}%{found[3]}"
    return re.sub(
        r"Total bytes (sent|received): ([0-9,]+)",
        lambda match: f"Total {match[1]}: {match[2].replace(',', '')} B",
        line,
    )


def as_shell(arguments: list[str]) -> None:
    """The remote shell of the real rsync: the given one, with openrsync's words in its command."""
    shell = arguments[: arguments.index("--server") - 1]
    os.execvp(shell[0], [*shell, *json.loads(os.environ[_WORDS])])  # noqa: S606  no shell of ours


if __name__ == "__main__":
    if sys.argv[1:2] == ["--as-shell"]:
        as_shell(sys.argv[2:])
    sys.exit(main(sys.argv[1:]))
