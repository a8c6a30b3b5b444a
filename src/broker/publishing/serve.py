"""The root helper behind the socket: what each request does to the host."""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ..audit.event import render_event
from ..audit.query import LogQuery
from ..audit.reading import read_log
from ..errors import BrokerError, PublishError
from ..helper.connection import Connections
from ..helper.rate_limit import Limit
from .host import DeployedHost, PublishingHost
from .protocol import (
    PURPOSE,
    ActCommand,
    Approve,
    AuditPage,
    GoBack,
    HostFacts,
    RunSync,
    SyncLog,
    parse_act,
)
from .published import generations_of, held_tables, more_readers_of

__all__ = ["PublishingHelper"]


@dataclass(frozen=True, slots=True)
class PublishingHelper:
    """What serves a connection. ``allowed`` are the accounts that may ask, beside root."""

    allowed: Sequence[str] = ()
    host: PublishingHost = field(default_factory=DeployedHost)
    limit: Limit = field(default_factory=Limit)

    def serve(self, connection: socket.socket) -> bool:
        """Answer one request; whether it was met. Whatever happens, one reply and one line."""
        served = Connections(
            self.allowed,
            PURPOSE,
            PublishError,
            self.limit,
            self.host.tokens,
            self.host.log,
            parse_act,
            self._met,
        )
        return served.serve(connection)

    def _met(self, command: ActCommand) -> dict[str, Any]:
        match command.act:
            case RunSync():
                return {"started": self.host.start_sync()}
            case Approve() as wish:
                return self._approved(wish)
            case GoBack(generation):
                return self._gone_back(generation)
            case HostFacts(parts, generation):
                return {part: self._fact(part, generation) for part in parts}
            case AuditPage() as page:
                return self._events(page)
            case SyncLog(invocation):
                return self.host.sync_log(invocation).facts()

    def _approved(self, wish: Approve) -> dict[str, Any]:
        """What waits is looked up first, so that no other word reaches the command."""
        self._require(wish.generation)
        waiting = (
            held_tables(self.host.store)
            if wish.generation is None
            else more_readers_of(self.host.store, wish.generation)
        )
        found = next((one for one in waiting if wish.table in (one["id"], one["table"])), None)
        if found is None:
            raise PublishError("no table of this name waits for an approval", where=wish.what)
        if (found["what"], found["found"]) != (wish.what, wish.found):
            raise PublishError(
                "the table waits for something else than what is approved",
                where=found["id"],
                expected=wish.what,
                found=f"{found['what']}: {found['words']}",
                remedy="Look at it again, and approve what you find.",
            )
        more = [] if wish.generation is None else ["--generation", wish.generation]
        self.host.as_service(["approve", "--if-found", wish.found, *more, "--", found["id"]])
        return {"approved": found["id"]}

    def _gone_back(self, generation: str) -> dict[str, Any]:
        self._require(generation)
        current = self.host.store.current()
        if current is not None and current.id == generation:
            raise PublishError("this generation is published already", where=generation)
        self.host.as_service(["rollback", "--", generation])
        return {"current": generation}

    def _require(self, generation: str | None) -> None:
        known = [one.id for one in self.host.store.generations()]
        if generation is not None and generation not in known:
            raise PublishError(
                "there is no such generation",
                where=generation,
                remedy="Those that are kept are listed as `generations`.",
            )

    def _fact(self, part: str, generation: str | None) -> Any:
        """One that cannot be known says why, and the others are known all the same."""
        try:
            if part == "held":
                return held_tables(self.host.store)
            if part == "generations":
                return generations_of(self.host.store)
            if part == "more_readers":
                return more_readers_of(self.host.store, generation or "")
            return self.host.look(part)
        except BrokerError as error:
            return {"problem": str(error)}

    def _events(self, page: AuditPage) -> dict[str, Any]:
        history = read_log(self.host.log)
        query = LogQuery(page.user, page.action, page.since, page.until)
        chosen = [event for event in reversed(history.events) if query.fits(event)]
        shown = chosen[page.skip : page.skip + page.count]
        return {
            "events": [json.loads(render_event(event)) for event in shown],
            "matches": len(chosen),
            "garbled": len(history.garbled),
            "pending": history.pending,
        }
