"""One request on its way through the stand-in, and what a handler answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .jobs import Job
from .parameters import Parameters
from .project import Project
from .tokens import Token

__all__ = ["Call", "Reply"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and its JSON; ``raw`` is another kind of body with its type."""

    body: Any = None
    status: int = 200
    raw: tuple[bytes, str] | None = None


@dataclass(slots=True)
class Call:
    """Everything that a handler knows. ``path`` holds the parts of the route by name."""

    project: Project
    base: str
    params: Parameters
    path: dict[str, str]
    token: Token
    run_id: str | None = None
    table: str | None = field(default=None)  # what a fault may concern

    async def thread(self, work: Callable[[], T]) -> T:
        """Do what blocks, beside the event loop."""
        return await asyncio.to_thread(work)

    def job(
        self, operation: str, work: Callable[[], Any], table: str | None, params: dict[str, Any]
    ) -> Job:
        """Start a job in the name of this request."""
        return self.project.jobs.start(
            operation,
            work,
            table=table,
            params={**params, "queue": "main_fast"},
            token=self.token.creator(),
            run_id=self.run_id,
        )

    def accepted(self, job: Job) -> Reply:
        """202 with the job as it was when it was made."""
        return Reply(job.body(self.base, "waiting"), 202)
