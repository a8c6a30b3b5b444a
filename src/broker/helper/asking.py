"""Asking a root helper: the other end of its connections. Standard library only."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BrokerError, LockedError, UnansweredError

__all__ = ["Asking"]

_MAX_REPLY = 16 * 2**20
_PATIENCE = 10.0  # seconds
_PAUSE = 0.5


@dataclass(frozen=True, slots=True)
class Asking:
    """How one helper is asked.

    ``name`` is what it is for and ``unit`` its socket without the ending; ``purpose`` is what an
    account may not do that is refused, ``connections`` the setting that limits them. ``kinds``
    are errors that it refuses with, beside ``LockedError``. ``seconds`` is how long an answer may
    take: requests wait for each other.
    """

    path: Path
    name: str
    unit: str
    purpose: str
    connections: str
    kinds: tuple[type[BrokerError], ...]
    seconds: float

    def call(self, verb: str, behalf: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Ask once; a field that is None is left out. Returns the reply's values.

        Raises what the helper refuses with, ``LockedError`` where it did nothing and may later,
        ``UnansweredError`` where it closes connections, and ``BrokerError`` when the helper is not
        there, does not answer, or does not know how it ended.
        """
        request = {"verb": verb, **fields, "behalf": behalf}
        given = {name: value for name, value in request.items() if value is not None}
        reply = self.reply(json.dumps(given).encode())
        if reply.get("ok") is True:
            return {name: value for name, value in reply.items() if name != "ok"}
        raise self._error(reply.get("error"))

    def reply(self, request: bytes) -> dict[str, Any]:
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

    def _closed(self) -> UnansweredError:
        return UnansweredError(
            f"the helper for {self.name} closes connections without an answer",
            where=str(self.path),
            expected=f"at most {self.connections} connections at a time",
            remedy=f"Try again later; if it stays so: journalctl -u '{self.unit}@*'.",
        )

    def _no_answer(self, error: Exception) -> BrokerError:
        refused = isinstance(error, PermissionError)
        return BrokerError(
            f"this account may not {self.purpose}"
            if refused
            else f"the helper for {self.name} does not answer",
            where=str(self.path),
            found=getattr(error, "strerror", None) or str(error)[:200] or type(error).__name__,
            remedy=f"Look at: systemctl status {self.unit}.socket.",
        )

    def _error(self, answer: Any) -> BrokerError:
        parts = answer if isinstance(answer, dict) else {}
        kinds: tuple[type[BrokerError], ...] = (*self.kinds, LockedError)
        known = {kind.__name__: kind for kind in kinds}
        kind = known.get(str(parts.get("kind")), BrokerError)
        names = ("where", "expected", "found", "remedy")
        more = {name: str(parts[name]) for name in names if parts.get(name) is not None}
        return kind(str(parts.get("message") or "the helper refused without a reason"), **more)


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
