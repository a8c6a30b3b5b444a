"""One connection, from the first byte to the audit line."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...audit import Actor, Event, Result, acting_as, append_or_keep
from ...errors import AccountsError, BrokerError
from ...hostpaths import AUDIT_LOG, RUN
from ..contact import contact_lines
from ..debian.host import Host
from ..issue import issue_certificate
from ..manage import converge, list_analysts
from ..planning.describe_certificates import certificate_facts
from .caller import Caller, caller_of, check_caller
from .protocol import (
    MAX_REQUEST,
    CertificateRequest,
    Command,
    ContactRequest,
    ListRequest,
    parse_command,
    render_error,
    render_reply,
)
from .rate_limit import Limit, connected, take

__all__ = ["Helper"]

_READ_SECONDS = 10.0
_FIRST_SECONDS = 2.0
_SHOWN = (
    "name",
    "uid",
    "email",
    "classes",
    "keys",
    "state",
    "origin",
    "host",
    "problem",
    "last_login",
    "last_sync",
    "certificates",
    "space",
)


@dataclass(frozen=True, slots=True)
class Helper:
    """What serves a connection. ``allowed`` are the accounts that may ask, beside root."""

    allowed: Sequence[str] = ()
    host: Host = field(default_factory=Host)
    limit: Limit = field(default_factory=Limit)
    tokens: Path = RUN / "broker-accounts"

    @property
    def log(self) -> Path:
        """The audit log of the host that is looked after."""
        return self.host.layout.at(AUDIT_LOG)

    def serve(self, connection: socket.socket) -> bool:
        """Answer one request; whether it was met. Whatever happens, one reply and one line."""
        with ExitStack() as stack:
            return self._serve(connection, stack)

    def _serve(self, connection: socket.socket, stack: ExitStack) -> bool:
        caller = caller_of(connection)
        command: Command | None = None
        result: Result
        tokens = self.host.layout.at(self.tokens)
        try:
            check_caller(caller, self.allowed)
            stack.enter_context(connected(tokens, caller.uid, self.limit))
            take(tokens, caller.uid, self.limit)
            command = parse_command(_received(connection))
            reply, result, detail = render_reply(self._met(command, caller)), "done", {}
        except BrokerError as error:
            reply, result, detail = render_error(error), "refused", {"error": str(error)[:500]}
        except Exception as error:
            detail = {"error": f"{type(error).__name__}: {error}"[:500]}
            reply, result = render_error(BrokerError("the helper failed; see its log")), "failed"
        self._note(caller, command, result, detail)
        with suppress(OSError):  # who does not wait for an answer gets none
            connection.sendall(reply)
            connection.shutdown(socket.SHUT_WR)
        return result == "done"

    def _met(self, command: Command, caller: Caller) -> dict[str, Any]:
        if isinstance(command.request, ListRequest):
            return self._listed(command.request)
        if isinstance(command.request, ContactRequest):
            wish = command.request
            return {"lines": contact_lines(self.host, wish.name, wish.address)}
        with acting_as(_actor(caller, command)):
            if isinstance(command.request, CertificateRequest):
                return self._issued(command.request)
            outcome = converge([command.request], self.host)
        reply = {"changed": outcome.changed, "analysts": list(outcome.people)}
        return reply | ({"warnings": list(outcome.warnings)} if outcome.warnings else {})

    def _listed(self, wish: ListRequest) -> dict[str, Any]:
        rows = list_analysts(self.host, wish.name, measured=wish.name is not None)
        return {"analysts": [{name: row.get(name) for name in _SHOWN} for row in rows]}

    def _issued(self, wish: CertificateRequest) -> dict[str, Any]:
        issued = issue_certificate(wish.name, self.host, label=wish.label)
        return {"certificate": issued.line, **certificate_facts(issued)}

    def _note(
        self, caller: Caller, command: Command | None, result: Result, detail: dict[str, str]
    ) -> None:
        verb = command.verb if command else "unknown"
        event = Event(
            datetime.now(UTC),
            f"request.{verb}",
            _actor(caller, command),
            command.name if command else None,
            result,
            None,
            detail,
        )
        problem = append_or_keep([event], self.log)
        if problem is not None:
            sys.stderr.write(f"{problem}\n")


def _actor(caller: Caller, command: Command | None) -> Actor:
    behalf = command.behalf if command else None
    return Actor(caller.uid, caller.name, "socket", None, {"behalf": behalf} if behalf else None)


def _received(connection: socket.socket) -> bytes:
    """Everything up to the end of the caller's half, within bytes and seconds; the first soon."""
    begun = time.monotonic()
    content, deadline = bytearray(), begun + _FIRST_SECONDS
    while len(content) <= MAX_REQUEST:
        connection.settimeout(max(0.01, deadline - time.monotonic()))
        try:
            part = connection.recv(MAX_REQUEST + 1 - len(content))
        except TimeoutError as error:
            raise AccountsError("the request is incomplete", where="request") from error
        if not part:
            break
        content += part
        deadline = begun + _READ_SECONDS
        if time.monotonic() > deadline:
            raise AccountsError("the request is incomplete", where="request")
    connection.settimeout(_READ_SECONDS)
    return bytes(content)
