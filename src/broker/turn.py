"""One deploy of a host at a time. Standard library only; knows nothing of what is deployed.

A deploy takes the turn, and each change asks whether it is still its own. The controller can
vanish at any moment and takes nothing along, so a turn ends in one of two ways: it is given back,
or its holder shows no sign of life while another one waits. A holder that was only slow is refused
at its next change, so the host never gets a part of one configuration after another one.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from .errors import BrokerError, LockedError
from .files import lock, write_atomic
from .hostpaths import RUN

__all__ = ["Process", "give_back", "mine", "processes", "session_of", "take"]

# A restart of the host ends every deploy, and takes this along.
_PLACE = RUN / "data-broker-turn.json"
_POLL_SECONDS = 0.25
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class Process:
    """One process as /proc/PID/stat has it; ``began`` tells it from a later one of its number."""

    pid: int
    parent: int
    name: str
    began: int
    ended: bool = False


@dataclass(frozen=True, slots=True)
class _Turn:
    """Who has the turn, ``by`` name; what works for them runs below a ``session``, the process of
    their login that ``began`` then, and began itself ``after`` they took the turn.
    """

    id: str
    by: str
    since: str
    session: int
    began: int
    after: int

    def __str__(self) -> str:
        return f"one that {self.by} began at {self.since}"


def take(
    by: str,
    *,
    place: Path = _PLACE,
    patience: float = 60.0,
    silence: float = 10.0,
    check: bool = False,
) -> str:
    """The id of a turn of one's own, once no other deploy has it; ``check`` only waits for that.

    ``by`` is who asks, as a message to another deploy names them. A turn is over when its holder
    changed nothing and nothing ran in its session for ``silence`` seconds. These are counted in
    looks, not read off a clock: on a machine that stood still meanwhile, or is busy, the holder
    had no time to show a sign of life. Raises ``LockedError`` after ``patience``.
    """
    deadline = time.monotonic() + patience
    seen, quiet = None, 0.0
    while True:
        found = _read(place)
        last = (found, _changed_at(place))
        if found is not None and (last != seen or _works(found, processes())):
            seen, quiet = last, 0.0
        if found is None or quiet >= silence:
            if check:
                return ""
            with _alone(place):
                if _read(place) == found:
                    return _make(by, place)
        if time.monotonic() >= deadline:
            raise LockedError(
                "another deploy of this host is at work",
                found=str(found),
                remedy="Nothing was changed. Wait for it to end, then run this again.",
            )
        time.sleep(_POLL_SECONDS)
        quiet += _POLL_SECONDS


@contextmanager
def mine(turn: str, *, place: Path = _PLACE) -> Iterator[None]:
    """Make one change in one's turn; none can begin elsewhere meanwhile. Without an id: just do it.

    Raises ``BrokerError`` where the turn is another's by now.
    """
    if not turn:
        yield
        return
    with _alone(place):
        found = _read(place)
        if found is None or found.id != turn:
            raise _lost(found)
        session = session_of(processes())
        _write(replace(found, session=session.pid, began=session.began), place)
        yield


def give_back(turn: str, *, place: Path = _PLACE) -> None:
    """Let the next one begin at once; nothing where the turn is another's by now."""
    with _alone(place):
        found = _read(place)
        if found is not None and found.id == turn:
            place.unlink()


def processes(folder: Path = Path("/proc")) -> dict[int, Process]:
    """All that run now, by number."""
    found = {}
    for path in folder.glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            head, _, rest = path.read_text(errors="replace").rpartition(")")
            number, _, name = head.partition(" (")
            fields = rest.split()
            one = Process(int(number), int(fields[1]), name, int(fields[19]), fields[0] in "ZX")
            found[one.pid] = one
    return found


def session_of(found: Mapping[int, Process], pid: int | None = None) -> Process:
    """The uppermost process above one that is its login's own: not sshd itself, which has all."""
    chain = [found[pid or os.getpid()]]
    chain += _above(found, chain[0])
    if len(chain) > 1 and _is_sshd(chain[-1]) and _is_sshd(chain[-2]):
        return chain[-2]
    return chain[-1]


def _works(turn: _Turn, found: Mapping[int, Process]) -> bool:
    """Whether anything of the holder runs, without what asks: both may share a connection."""
    top = found.get(turn.session)
    if top is None or top.began != turn.began:
        return False
    own = found[os.getpid()]
    asking = [own, *_above(found, own)]
    return any(
        one.began >= turn.after
        and not one.ended
        and one not in asking
        and top in _above(found, one)
        for one in found.values()
        if not _is_sshd(one)
    )


def _above(found: Mapping[int, Process], one: Process) -> list[Process]:
    """From the parent up to whatever systemd started."""
    chain: list[Process] = []
    while (above := found.get(one.parent)) is not None and above.pid > 1 and above not in chain:
        chain.append(above)
        one = above
    return chain


def _is_sshd(one: Process) -> bool:
    return one.name.startswith("sshd")


def _lost(found: _Turn | None) -> BrokerError:
    if found is None:
        return BrokerError(
            "this deploy has lost its turn: the host was restarted meanwhile, or another deploy "
            "has ended since",
            remedy="It changes nothing any more. Run it again.",
        )
    return BrokerError(
        "this deploy has lost its turn to another one",
        found=str(found),
        remedy="It changes nothing any more. Wait for the other to end, then run it again if the "
        "host is not as it should be.",
    )


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    with lock(place.with_suffix(".lock"), purpose="deploying this host", wait_seconds=60.0):
        yield


def _read(place: Path) -> _Turn | None:
    try:
        return _Turn(**json.loads(place.read_text()))
    except (FileNotFoundError, TypeError, ValueError):  # no deploy's, or not one of this release
        return None


def _changed_at(place: Path) -> int:
    with suppress(FileNotFoundError):
        return place.stat().st_mtime_ns
    return 0


def _make(by: str, place: Path) -> str:
    found = processes()
    session = session_of(found)
    since = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    after = found[os.getpid()].began
    turn = _Turn(secrets.token_hex(8), by, since, session.pid, session.began, after)
    _write(turn, place)
    return turn.id


def _write(turn: _Turn, place: Path) -> None:
    write_atomic(place, json.dumps(asdict(turn)), mode=_MODE, durable=False)
