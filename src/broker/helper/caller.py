"""Who is at the other end of a connection, as reported by the kernel."""

from __future__ import annotations

import pwd
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from ..errors import BrokerError

__all__ = ["Caller", "caller_of", "check_caller"]

_CREDENTIALS = struct.Struct("=iII")  # struct ucred of unix(7): pid, uid, gid


@dataclass(frozen=True, slots=True)
class Caller:
    """A process at the moment in which it connected."""

    pid: int
    uid: int
    gid: int

    @property
    def name(self) -> str:
        """The account's name, or its number."""
        with suppress(KeyError):
            return pwd.getpwuid(self.uid).pw_name
        return str(self.uid)


def caller_of(connection: socket.socket) -> Caller:
    """SO_PEERCRED: filled in by the kernel when the connection was made."""
    content = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Caller(*_CREDENTIALS.unpack(content))


def check_caller(
    caller: Caller, allowed: Iterable[str], purpose: str, error: type[BrokerError]
) -> None:
    """Only root and the accounts in ``allowed`` may connect; raises ``error`` for others.

    ``purpose`` is what they may not do. The socket's own mode refuses others first; this holds if
    that is changed.
    """
    uids = {0}
    for name in allowed:
        with suppress(KeyError):
            uids.add(pwd.getpwnam(name).pw_uid)
    if caller.uid not in uids:
        raise error(
            f"this account may not {purpose}",
            where=f"uid {caller.uid}",
            expected=", ".join(("root", *allowed)),
        )
