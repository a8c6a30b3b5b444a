"""The program that sshd forces on an analyst without a shell."""

from __future__ import annotations

import os
import pwd
import re
import sys
import syslog

from ..classes import VIEWS
from ..foreign.laptop_note import LAPTOP_VARIABLE
from ..foreign.text import shown
from .carry import Carried, Look, carry
from .folders import open_base, open_target, path_below
from .grammar import Refusal, Rsync, Sftp, parse
from .limits import Watch, watch
from .places import one_base, parse_path
from .secluded import COMMAND, secluded
from .sftp import Served, serve
from .time_limit import TooLongError, limit_time
from .tree import Tree

__all__ = ["main"]

_GENERATION = re.compile(rf"/generations/([^/]+)/{VIEWS}/")
_CUT_OFF = 12  # as rsync calls an error in its stream
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def main() -> None:
    """Do what ``SSH_ORIGINAL_COMMAND`` asks for, or answer with one sentence and code 1."""
    person = _name()
    limit_time()
    try:
        wish = parse(os.environ.get("SSH_ORIGINAL_COMMAND", ""))
        if isinstance(wish, Sftp):
            _log(f"{person} pulls by sftp")
            _sftp(person)
            return
        sys.exit(_rsync(wish, person))
    except (Refusal, TooLongError) as refusal:
        sentence = str(refusal)
    except OSError as error:
        sentence = f"The broker cannot do that now ({error.strerror}); ask its operator."
    _log(f"{person} is refused: {sentence[:120]}")
    sys.stderr.write(f"{sentence}\n")
    sys.exit(1)


def _name() -> str:
    """The account's name; in a chroot only sshd knows it."""
    return os.environ.get("USER") or pwd.getpwuid(os.getuid()).pw_name


def _home() -> str:
    return os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir


def _log(message: str) -> None:
    """One line in the journal, with nothing in it that could look like another."""
    syslog.openlog("broker-transport", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
    syslog.syslog(syslog.LOG_INFO, shown(message))


def _sftp(person: str) -> None:
    tree, served = Tree(_home()), Served()
    try:
        serve(tree, served)
    finally:  # however it ends, what was read stands in the audit log
        code = 0 if served.is_whole else _CUT_OFF
        generation = _GENERATION.search(f"{tree.generation or ''}/")
        if generation is not None:
            _note(generation[1], "by sftp", Carried(code, served.sent, served.received))
        _log(f"the session of {person} by sftp {_end(code)}")


def _rsync(wish: Rsync, person: str) -> int:
    places = [parse_path(path, sends=wish.sends) for path in wish.paths]
    folder = open_base(_home(), one_base(places))
    guard = None if wish.sends else watch(folder, os.environ)
    full = None if guard is None else guard.problem()
    more = _when_full(wish, full)
    paths = []
    for one in places:
        if wish.sends:
            paths.append(path_below(folder, one))
        else:
            folder, path = open_target(folder, one)
            paths.append(path)
    os.fchdir(folder)
    here = os.getcwd()  # noqa: PTH109 - the text is what rsync is given
    _log(f"{person} {'pulls' if wish.sends else 'pushes'} {here} {' '.join(paths)}"[:500])
    # links that an analyst pushes lead nowhere, devices are not made, setid bits are not set
    options = [*(["--sender"] if wish.sends else []), *wish.options, f"--confine-root={here}"]
    options += ["--munge-links", *([] if wish.sends else ["--drop-D", "--chmod=ug-s"]), *more]
    os.umask(0o027)
    carried = carry(COMMAND, _ENVIRONMENT, _look(guard, full), before=secluded(options, paths))
    generation = _GENERATION.search(here)
    if wish.sends and generation is not None:
        _note(generation[1], " ".join(paths), carried)
    if carried.problem is not None:
        _log(f"the transfer of {person} is ended: {carried.problem[:120]}")
    else:
        _log(f"the transfer of {person} {_end(carried.code)}")
    return carried.code


def _when_full(wish: Rsync, problem: str | None) -> list[str]:
    """Options by which rsync makes room and takes none; a push without ``--delete`` is refused."""
    if problem is None:
        return []
    if not any(option.startswith("--delete") for option in wish.options):
        raise Refusal(problem)
    sys.stderr.write(f"{problem}\nThis push only deletes.\n")
    return ["--existing", "--ignore-existing"]


def _look(guard: Watch | None, full: str | None) -> Look | None:
    """Nothing is watched where rsync can only delete."""
    if guard is None or full is not None:
        return None
    guard.limit_files()

    def look() -> tuple[str | None, float]:
        """The sentence goes out before rsync ends: after that, its client hears no more."""
        problem = guard.problem()
        if problem is not None:
            sys.stderr.write(f"{problem}\n")
        return problem, guard.pause

    return look


def _end(code: int) -> str:
    return "ended well" if code == 0 else f"broke off (code {code})"


def _note(generation: str, path: str, carried: Carried) -> None:
    """For the audit log; imported now, when the client no longer waits."""
    from ..audit.pulls import Transfer, note_pull  # noqa: PLC0415

    transfer = Transfer(carried.sent, carried.received, carried.code)
    note_pull(generation, path, transfer, os.environ.get(LAPTOP_VARIABLE, ""))
