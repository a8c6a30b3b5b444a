"""The closed grammar of commands: what an rsync or sftp client sends, and nothing else. Pure.

rsync's client asks the other side for ``rsync --server [--sender] OPTIONS . PATH...``. Options
stand in the order and form of rsync 3's ``server_options()`` or openrsync's; see rsync(1).
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

__all__ = ["HELP", "MAX_COMMAND", "Refusal", "Rsync", "Sftp", "parse"]

MAX_COMMAND = 8192
HELP = (
    "This account transfers files and nothing else: rsync -av HOST:server/parquet/ "
    "./server/parquet/ pulls, rsync -av ./user/ HOST:user/ pushes, sftp HOST reads."
)

_SFTP = frozenset({"internal-sftp", "/usr/lib/openssh/sftp-server", "/usr/lib/sftp-server"})
# No -L, -k, -K (they follow links), -R (sends whole paths), -s (arguments unseen here), -D's
# devices are dropped by --drop-D, and -A, -X, --fake-super write attributes that are not checked.
_SHORT = frozenset("vqlogDtprIHSWczuindb8mOxh")
_PROTOCOL = re.compile(r"\.[0-9]{0,2}[A-Za-z]{0,16}")  # what follows -e: the client's abilities
_NUMBER = r"[0-9]{1,12}"
_SIZE = r"[0-9]{1,12}(?:\.[0-9]{1,3})?[KMGkmg]?[Bb]?"
_WORDS = r"[a-z0-9,_-]{1,80}"
_BOTH = {
    "checksum-choice": _WORDS,
    "compress-choice": _WORDS,
    "compress-level": _NUMBER,
    "new-compress": None,
    "old-compress": None,
    "no-W": None,
    "numeric-ids": None,
    "timeout": _NUMBER,
    "bwlimit": _SIZE,
    "checksum-seed": _NUMBER,
    "max-size": _SIZE,
    "min-size": _SIZE,
    "modify-window": _NUMBER,
    "one-file-system": None,
    "size-only": None,
    "ignore-times": None,
    "log-format": r"[%A-Za-z ]{1,20}",
    "out-format": r"[%A-Za-z ]{1,20}",
    "stats": None,
    "info": r"[A-Za-z0-9,]{1,80}",
    "list-only": None,
    "no-r": None,
    "no-relative": None,
    "no-implied-dirs": None,
    "recursive": None,
    "links": None,
    "times": None,
    "perms": None,
    "group": None,
    "owner": None,
    "safe-links": None,
    "dirs": None,
    "hard-links": None,
    "append": None,
    "inplace": None,
    "no-specials": None,
    "no-msgs2stderr": None,
    "skip-compress": r"[A-Za-z0-9/.\[\]_-]{0,500}",
    # What concerns a receiver alone: openrsync sends it to a sender as well, which ignores it.
    "progress": None,
    "delete": None,
    "delete-before": None,
    "delete-during": None,
    "delete-delay": None,
    "delete-after": None,
    "delete-excluded": None,
    "ignore-existing": None,
    "ignore-non-existing": None,
    "ignore-errors": None,
    "force": None,
    "max-delete": _NUMBER,
}
_PUSH = {
    "existing": None,
    "partial": None,
    "fsync": None,
    "preallocate": None,
    "use-qsort": None,
}
# They write through a link that is planted where the file should be.
_NEVER_ON_PUSH = frozenset({"inplace", "append"})


class Refusal(Exception):  # noqa: N818 - not a fault of the program: it is its answer
    """One sentence for the person at the other end."""


@dataclass(frozen=True, slots=True)
class Rsync:
    """An rsync that may run: ``options`` as they came, ``paths`` as the client wrote them."""

    sends: bool
    options: tuple[str, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sftp:
    """A session of sftp, which may only read."""


def parse(command: str) -> Rsync | Sftp:
    """What a command line asks for. Raises ``Refusal``."""
    if not command:
        raise Refusal(HELP)
    if len(command) > MAX_COMMAND:
        raise Refusal(f"This command is longer than {MAX_COMMAND} characters. {HELP}")
    if not command.isprintable():
        raise Refusal(f"This command holds a control character. {HELP}")
    if command in _SFTP:
        return Sftp()
    words = _words(command)
    if words[:2] != ["rsync", "--server"]:
        raise Refusal(HELP)
    return _rsync(words[2:])


def _words(command: str) -> list[str]:
    """As a shell would split it, which rsync's client expects; ``~`` and ``*`` mean nothing."""
    try:
        return shlex.split(command)
    except ValueError:
        raise Refusal(f"This command has a quote that does not end. {HELP}") from None


def _rsync(words: list[str]) -> Rsync:
    sends = words[:1] == ["--sender"]
    rest = words[1:] if sends else words
    options = []
    while rest and rest[0].startswith("-"):
        options.append(_option(rest[0], sends))
        rest = rest[1:]
    if rest[:1] != ["."] or len(rest) < 2:
        raise Refusal(f"rsync has other arguments than its options, a dot and paths. {HELP}")
    paths = tuple(rest[1:])
    if not sends and len(paths) > 1:
        raise Refusal(f"rsync can push to one folder at a time. {HELP}")
    return Rsync(sends, tuple(options), paths)


def _option(word: str, sends: bool) -> str:
    if word.startswith("--"):
        return _long(word, sends)
    letters, separator, abilities = word[1:].partition("e")
    if separator and not _PROTOCOL.fullmatch(abilities):
        raise _not_here(word)
    for letter in letters:
        if letter not in _SHORT:
            raise _not_here(f"-{letter}")
    if not word[1:]:
        raise _not_here(word)
    return word


def _long(word: str, sends: bool) -> str:
    name, equals, value = word[2:].partition("=")
    known = _BOTH if sends else {**_BOTH, **_PUSH}
    if name not in known or (not sends and name in _NEVER_ON_PUSH):
        raise _not_here(f"--{name}")
    shape = known[name]
    if (shape is None) == bool(equals) or (shape and not re.fullmatch(shape, value)):
        raise _not_here(word)
    return word


def _not_here(option: str) -> Refusal:
    return Refusal(f"rsync's option {option[:40]!r} cannot be used here. {HELP}")
