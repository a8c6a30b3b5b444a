"""One connection, from the first byte to the audit line."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from ..audit import Actor, Event, Result, acting_as, append_or_keep
from ..errors import BrokerError
from .caller import Caller, caller_of, check_caller
from .grammar import MAX_REQUEST, render_error, render_reply
from .rate_limit import Limit, connected, take

__all__ = ["Connections", "HelperRequest"]

_READ_SECONDS = 10.0
_FIRST_SECONDS = 2.0


class HelperRequest(Protocol):
    """A request that is well formed; the line of the audit log says these parts of it."""

    @property
    def verb(self) -> str:
        """One of the closed list."""

    @property
    def behalf(self) -> str | None:
        """The person named by the caller."""

    @property
    def subject(self) -> str | None:
        """The analyst whom it is about, if it is about one."""

    @property
    def detail(self) -> Mapping[str, str]:
        """What else the line says of it."""


R = TypeVar("R", bound=HelperRequest)


@dataclass(frozen=True, slots=True)
class Connections(Generic[R]):
    """How the connections of one socket are served.

    ``allowed`` are the accounts that may ask, beside root, and ``purpose`` is what others may not
    do. ``parse`` and ``meet`` raise ``BrokerError`` for what is refused; ``error`` is that of a
    caller or a request that is refused before either. ``tokens`` is a folder of root's in /run.
    """

    allowed: Sequence[str]
    purpose: str
    error: type[BrokerError]
    limit: Limit
    tokens: Path
    log: Path
    parse: Callable[[bytes], R]
    meet: Callable[[R], dict[str, Any]]

    def serve(self, connection: socket.socket) -> bool:
        """Answer one request; whether it was met. Whatever happens, one reply and one line."""
        with ExitStack() as stack:
            return self._serve(connection, stack)

    def _serve(self, connection: socket.socket, stack: ExitStack) -> bool:
        caller = caller_of(connection)
        request: R | None = None
        result: Result
        try:
            check_caller(caller, self.allowed, self.purpose, self.error)
            stack.enter_context(connected(self.tokens, caller.uid, self.limit))
            take(self.tokens, caller.uid, self.limit)
            request = self.parse(self._received(connection))
            with acting_as(_actor(caller, request)):
                reply, result, detail = render_reply(self.meet(request)), "done", {}
        except BrokerError as error:
            reply, result, detail = render_error(error), "refused", {"error": str(error)[:500]}
        except Exception as error:
            detail = {"error": f"{type(error).__name__}: {error}"[:500]}
            reply, result = render_error(BrokerError("the helper failed; see its log")), "failed"
        self._note(caller, request, result, detail)
        with suppress(OSError):  # who does not wait for an answer gets none
            connection.sendall(reply)
            connection.shutdown(socket.SHUT_WR)
        return result == "done"

    def _note(
        self, caller: Caller, request: R | None, result: Result, detail: dict[str, str]
    ) -> None:
        verb = request.verb if request else "unknown"
        event = Event(
            datetime.now(UTC),
            f"request.{verb}",
            _actor(caller, request),
            request.subject if request else None,
            result,
            None,
            {**(request.detail if request else {}), **detail},
        )
        problem = append_or_keep([event], self.log)
        if problem is not None:
            sys.stderr.write(f"{problem}\n")

    def _received(self, connection: socket.socket) -> bytes:
        """Everything up to the end of the caller's half, within bytes and seconds."""
        begun = time.monotonic()
        content, deadline = bytearray(), begun + _FIRST_SECONDS  # the first byte comes soon
        while len(content) <= MAX_REQUEST:
            connection.settimeout(max(0.01, deadline - time.monotonic()))
            try:
                part = connection.recv(MAX_REQUEST + 1 - len(content))
            except TimeoutError as error:
                raise self.error("the request is incomplete", where="request") from error
            if not part:
                break
            content += part
            deadline = begun + _READ_SECONDS
            if time.monotonic() > deadline:
                raise self.error("the request is incomplete", where="request")
        connection.settimeout(_READ_SECONDS)
        return bytes(content)


def _actor(caller: Caller, request: HelperRequest | None) -> Actor:
    behalf = request.behalf if request else None
    return Actor(caller.uid, caller.name, "socket", None, {"behalf": behalf} if behalf else None)
