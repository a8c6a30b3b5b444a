"""An export's job: started, waited for, and found again after a restart."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ...errors import SourceError
from ...files import write_atomic
from .api import Api
from .retry import Deadline, PassingError
from .types import mapping

__all__ = ["Ticket", "Tickets", "finished_file"]

_FIRST_POLL, _LONGEST_POLL = 0.05, 10.0


@dataclass(frozen=True)
class Ticket:
    """A job that was started, and what its table looked like before."""

    job: int
    url: str
    started: datetime
    as_of: datetime
    rows: int | None
    state: str
    version: str | None
    is_resumed: bool = False


class Tickets:
    """Keeps the ticket of one question in a folder that outlives the run; in none, forgets it."""

    def __init__(
        self, folder: Path | None, question: Mapping[str, Any], lifetime: timedelta
    ) -> None:
        """``question`` is all that makes an export what it is."""
        digest = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
        self._path = None if folder is None else folder / f"export-{digest[:16]}.json"
        self._lifetime = lifetime

    def find(self) -> Ticket | None:
        """The ticket of a run that did not come to its end; None where it is invalid or too old."""
        if self._path is None:
            return None
        try:
            kept = json.loads(self._path.read_bytes())
            started, as_of = (datetime.fromisoformat(kept[key]) for key in ("started", "as_of"))
            facts = {key: kept[key] for key in ("rows", "state", "version")}
            job, url = int(kept["job"]), str(kept["url"])
            ticket = Ticket(job, url, started, as_of, **facts, is_resumed=True)
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            self.drop()
            return None
        return ticket if datetime.now(UTC) - ticket.started < self._lifetime else None

    def keep(self, ticket: Ticket) -> None:
        """Write it down before waiting for the job.

        A machine that loses its power may lose it, and exports once more.
        """
        if self._path is None:
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(asdict(ticket), default=str)
        write_atomic(self._path, text, mode=0o600, durable=False)

    def drop(self) -> None:
        """The job was used, or cannot be."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def finished_file(api: Api, job: Mapping[str, Any], deadline: Deadline, where: str) -> int:
    """Wait for a job; the number of the file that it left.

    Raises ``SourceError`` when it failed, ``PassingError`` when it is not finished in time.
    """
    number, url, delay = job["id"], job_url(api, job), _FIRST_POLL
    while job.get("status") not in ("success", "error"):
        if deadline.left < delay:
            raise PassingError(
                f"the export is not finished after {deadline.seconds:,.0f} seconds",
                where=f"{where}: {url}",
                found=f"status {job.get('status')}",
                remedy="The job goes on; the next sync takes it up. Or raise the timeout.",
            )
        time.sleep(delay)
        delay = min(delay * 1.5, _LONGEST_POLL)
        job = mapping(api.get(f"jobs/{number}", deadline, where=where))
    if job["status"] == "error":
        raise _failure(job, f"{where}: {url}")
    file = mapping(mapping(job.get("results")).get("file")).get("id")
    if file is None:
        raise SourceError("the export left no file", where=f"{where}: {url}")
    return int(file)


def job_url(api: Api, job: Mapping[str, Any]) -> str:
    """Where a person can look at the job."""
    return str(job.get("url") or api.url(f"jobs/{job['id']}"))


def _failure(job: Mapping[str, Any], where: str) -> SourceError:
    error = mapping(job.get("error"))
    parts = [f"{key} {error[key]}" for key in ("code", "exceptionId") if error.get(key)]
    return SourceError(
        f"the export failed: {error.get('message') or 'Keboola gives no reason'}",
        where=where,
        found=", ".join(parts) or None,
        remedy="Quote the exceptionId to Keboola's support." if error.get("exceptionId") else None,
    )
