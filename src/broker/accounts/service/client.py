"""Asking the root helper: what the portal calls. Standard library only.

Client(behalf="jan@example.com").call("grant", name="anna", classes=["finance"])
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AccountsError, BrokerError, LockedError
from ...hostpaths import ACCOUNTS_SOCKET

__all__ = ["Client"]

_MAX_REPLY = 16 * 2**20
_PATIENCE = 10.0  # seconds
_PAUSE = 0.5
_KINDS = {kind.__name__: kind for kind in (AccountsError, LockedError)}


@dataclass(frozen=True, slots=True)
class Client:
    """``behalf`` is the person who asked, for the audit log; the helper does not trust it.

    ``seconds`` is how long an answer may take: requests wait for each other.
    """

    path: Path = ACCOUNTS_SOCKET
    behalf: str | None = None
    seconds: float = 90.0

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Ask once. Returns the reply's values (``analysts``, ``changed``; ``certificate``).

        Raises ``AccountsError`` for what is refused, ``LockedError`` for what may be tried again
        later, and ``BrokerError`` when the helper is not there or does not answer.
        """
        given = {name: value for name, value in fields.items() if value is not None}
        request = {"verb": verb, **given}
        if self.behalf is not None:
            request["behalf"] = self.behalf
        reply = self._reply(json.dumps(request).encode())
        if reply.get("ok") is True:
            return {name: value for name, value in reply.items() if name != "ok"}
        raise _error(reply.get("error"))

    def _reply(self, request: bytes) -> dict[str, Any]:
        """The answer to a request, which may be repeated.

        systemd closes connections past its limit (``MaxConnections=``) without a byte.
        """
        deadline = time.monotonic() + _PATIENCE
        try:
            while not (received := self._received(request)):
                if time.monotonic() >= deadline:
                    raise self._closed()
                time.sleep(_PAUSE)
            reply = json.loads(received)
        except (OSError, ValueError) as error:
            raise self._no_answer(error) from error
        return reply if isinstance(reply, dict) else {}

    def _received(self, request: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(self.seconds)
            connection.connect(os.fspath(self.path))
            _send(connection, request)
            return _received(connection)

    def _closed(self) -> LockedError:
        return LockedError(
            "the helper for accounts closes connections without an answer",
            where=str(self.path),
            expected="at most accounts_socket_connections_each connections at a time",
            remedy="Try again later; if it stays so: journalctl -u 'broker-accounts@*'.",
        )

    def _no_answer(self, error: Exception) -> BrokerError:
        refused = isinstance(error, PermissionError)
        return BrokerError(
            "this account may not ask for changes of analysts"
            if refused
            else "the helper for accounts does not answer",
            where=str(self.path),
            found=getattr(error, "strerror", None) or str(error)[:200] or type(error).__name__,
            remedy="Look at: systemctl status broker-accounts.socket.",
        )


def _send(connection: socket.socket, request: bytes) -> None:
    """A helper that refuses before it read everything closes; its answer is there all the same."""
    try:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
    except (BrokenPipeError, ConnectionResetError):
        return


def _received(connection: socket.socket) -> bytes:
    content = bytearray()
    while len(content) <= _MAX_REPLY:
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            break  # it refused without reading to the end; its answer came before
        if not part:
            break
        content += part
    return bytes(content)


def _error(answer: Any) -> BrokerError:
    parts = answer if isinstance(answer, dict) else {}
    kind = _KINDS.get(str(parts.get("kind")), BrokerError)
    names = ("where", "expected", "found", "remedy")
    more = {name: str(parts[name]) for name in names if parts.get(name) is not None}
    return kind(str(parts.get("message") or "the helper refused without a reason"), **more)
