"""The program that sshd forces on an analyst without a shell."""

from __future__ import annotations

import os
import pwd
import re
import sys
import syslog

from .carry import Carried, carry
from .folders import open_base, open_below, open_target
from .grammar import Refusal, Rsync, Sftp, parse
from .places import one_base, place
from .secluded import COMMAND, secluded
from .sftp import serve
from .tree import Tree

__all__ = ["main"]

_GENERATION = re.compile(r"/generations/([^/]+)/views/")
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def main() -> None:
    """Do what ``SSH_ORIGINAL_COMMAND`` asks for, or answer with one sentence and code 1."""
    person = _name()
    try:
        wish = parse(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
        if isinstance(wish, Sftp):
            _log(f"{person} pulls by sftp")
            serve(Tree(_home()))
            return
        sys.exit(_rsync(wish, person))
    except Refusal as refusal:
        sentence = str(refusal)
    except OSError as error:
        sentence = f"The broker cannot do that now ({error.strerror}); ask its operator."
    _log(f"{person} is refused: {sentence[:120]}")
    sys.stderr.write(f"{sentence}\n")
    sys.exit(1)


def _name() -> str:
    """The account's name; in a chroot nobody but sshd knows it."""
    return os.environ.get("USER") or pwd.getpwuid(os.getuid()).pw_name


def _home() -> str:
    return os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir


def _log(message: str) -> None:
    """One line in the journal, with nothing in it that could look like another."""
    text = "".join(letter if letter.isprintable() else "?" for letter in message)
    syslog.openlog("broker-transport", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    syslog.syslog(syslog.LOG_INFO, text)


def _rsync(wish: Rsync, person: str) -> int:
    places = [place(path, sends=wish.sends) for path in wish.paths]
    folder = open_base(_home(), one_base(places))
    paths = []
    for one in places:
        folder, path = open_below(folder, one) if wish.sends else open_target(folder, one)
        paths.append(path)
    os.fchdir(folder)
    here = os.getcwd()  # noqa: PTH109 - the text is what rsync is given
    _log(f"{person} {'pulls' if wish.sends else 'pushes'} {here} {' '.join(paths)}"[:500])
    # links that an analyst pushes lead nowhere, and devices are not made
    options = [*(["--sender"] if wish.sends else []), *wish.options, f"--confine-root={here}"]
    options += ["--munge-links", *([] if wish.sends else ["--drop-D"])]
    os.umask(0o027)
    carried = carry(COMMAND, _ENVIRONMENT, before=secluded(options, paths))
    generation = _GENERATION.search(here)
    if wish.sends and generation is not None:
        _note(generation[1], " ".join(paths), carried)
    return carried.code


def _note(generation: str, path: str, carried: Carried) -> None:
    """For the audit log; imported now, when nobody waits for it any more."""
    from ..audit.pulls import Transfer, note_pull  # noqa: PLC0415

    note_pull(generation, path, Transfer(carried.sent, carried.received, carried.code))
