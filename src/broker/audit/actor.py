"""Who acts: what the kernel says of this process, or of the one at the other end of a socket."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Actor", "acting_as", "current_actor", "name_of"]

_UNSET = 0xFFFFFFFF  # (uid_t) -1: the process descends from no login
_CLAIMS = ("SUDO_USER", "SSH_CONNECTION")


@dataclass(frozen=True, slots=True)
class Actor:
    """``uid`` and ``login`` come from the kernel; ``claims`` from the environment or a caller.

    ``login`` is who logged in at the start of the session, whatever sudo made of them since.
    ``via`` is the way: command, ansible, socket, service or session.
    """

    uid: int
    name: str
    via: str
    login: str | None = None
    claims: Mapping[str, str] | None = None

    def __str__(self) -> str:
        """How a list shows the actor: the person behind root, where one is known."""
        claims = self.claims or {}
        person = self.login or claims.get("sudo_user") or claims.get("behalf") or self.name
        return f"{person} ({self.via})"


_acting: ContextVar[Actor | None] = ContextVar("acting", default=None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Let what happens inside be done by ``actor``: a helper acts for who asked it."""
    token = _acting.set(actor)
    try:
        yield
    finally:
        _acting.reset(token)


def current_actor() -> Actor:
    """Who acts now."""
    return _acting.get() or _of_process()


def name_of(uid: int) -> str:
    """The account's name, or its number where it has none any more."""
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _of_process() -> Actor:
    """Ansible ships this package inside its own, which its name tells."""
    shipped = __name__.startswith("ansible.")
    uid = os.getuid()
    claims = {name.lower(): os.environ[name] for name in _CLAIMS if os.environ.get(name)}
    return Actor(uid, name_of(uid), "ansible" if shipped else "command", _login(), claims or None)


def _login() -> str | None:
    """The login uid (pam_loginuid), which no process below the login can change unnoticed."""
    try:
        uid = int(Path("/proc/self/loginuid").read_text())
    except (OSError, ValueError):
        return None
    return None if uid == _UNSET else name_of(uid)
