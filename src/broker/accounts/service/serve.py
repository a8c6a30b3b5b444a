"""The root helper behind the socket: what each request does to the host."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import AccountsError
from ...helper.connection import Connections
from ...helper.rate_limit import Limit
from ...hostpaths import AUDIT_LOG, RUN
from ..choose import choose_left_out
from ..contact import contact_lines
from ..debian.host import Host
from ..issue import issue_certificate
from ..manage import converge, list_analysts
from ..planning.describe_certificates import certificate_facts
from ..records.laptops import choice_facts
from .protocol import (
    PURPOSE,
    CertificateRequest,
    ChoiceRequest,
    Command,
    ContactRequest,
    ListRequest,
    parse_command,
)

__all__ = ["Helper"]

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
    "shell",
    "datasets",
    "laptops",
)


@dataclass(frozen=True, slots=True)
class Helper:
    """What serves a connection. ``allowed`` are the accounts that may ask, beside root."""

    allowed: Sequence[str] = ()
    host: Host = field(default_factory=Host)
    limit: Limit = field(default_factory=Limit)
    tokens: Path = RUN / "broker-accounts"

    def serve(self, connection: socket.socket) -> bool:
        """Answer one request; whether it was met. Whatever happens, one reply and one line."""
        served = Connections(
            self.allowed,
            PURPOSE,
            AccountsError,
            self.limit,
            self.host.layout.at(self.tokens),
            self.host.layout.at(AUDIT_LOG),
            parse_command,
            self._met,
        )
        return served.serve(connection)

    def _met(self, command: Command) -> dict[str, Any]:
        if isinstance(command.request, ListRequest):
            return self._listed(command.request)
        if isinstance(command.request, ContactRequest):
            wish = command.request
            found = contact_lines(self.host, wish.name, wish.address, uid=wish.uid)
            return {"lines": found.shell, "windows": found.windows}
        if isinstance(command.request, CertificateRequest):
            return self._issued(command.request)
        if isinstance(command.request, ChoiceRequest):
            return self._chosen(command.request)
        outcome = converge([command.request], self.host)
        reply = {"changed": outcome.changed, "analysts": list(outcome.people)}
        return reply | ({"warnings": list(outcome.warnings)} if outcome.warnings else {})

    def _listed(self, wish: ListRequest) -> dict[str, Any]:
        rows = list_analysts(self.host, wish.name, measured=wish.name is not None)
        found = [row for row in rows if wish.uid in (None, row["uid"])]
        return {"analysts": [{name: row[name] for name in _SHOWN} for row in found]}

    def _chosen(self, wish: ChoiceRequest) -> dict[str, Any]:
        chosen = choose_left_out(wish.name, self.host, wish.without, seen=wish.seen, uid=wish.uid)
        return {"datasets": choice_facts(chosen)}

    def _issued(self, wish: CertificateRequest) -> dict[str, Any]:
        issued = issue_certificate(wish.name, self.host, label=wish.label, uid=wish.uid)
        return {"certificate": issued.line, **certificate_facts(issued)}
