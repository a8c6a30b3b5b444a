"""Storage jobs: started by a request, worked on by a thread, looked at by polls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .clock import Clock, shown
from .errors import ApiError, JobError, exception_id

__all__ = ["Job", "Jobs"]

_NO_METRICS = {
    "inCompressed": False,
    "inBytes": 0,
    "inBytesUncompressed": 0,
    "outCompressed": False,
    "outBytes": 0,
    "outBytesUncompressed": 0,
}


@dataclass
class Job:
    """One job and what became of it."""

    id: int
    operation: str
    table: str | None
    params: dict[str, Any]
    token: dict[str, Any]
    created: datetime
    run_id: str | None = None
    status: str = "waiting"
    started: datetime | None = None
    ended: datetime | None = None
    results: Any = None
    error: dict[str, Any] | None = None
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def body(self, base: str, status: str | None = None) -> dict[str, Any]:
        """As the API shows it; ``status`` shows it as it was before its end."""
        is_ended = status is None and self.ended is not None
        body = {
            "id": self.id,
            "status": status or self.status,
            "url": f"{base}/v2/storage/jobs/{self.id}",
            "tableId": self.table,
            "operationName": self.operation,
            "operationParams": self.params,
            "createdTime": shown(self.created),
            "startTime": shown(self.started),
            "endTime": shown(self.ended) if is_ended else None,
            "runId": self.run_id,
            "results": self.results if is_ended else None,
            "creatorToken": self.token,
            "metrics": _NO_METRICS,
        }
        return {**body, "error": self.error} if is_ended and self.error else body

    def fail(self, error: dict[str, Any], now: datetime) -> None:
        """End with an error."""
        self.status, self.error, self.results, self.ended = "error", error, None, now
        self.done.set()


class Jobs:
    """All jobs of a project. Its methods belong to the event loop; work is done by threads."""

    def __init__(self, clock: Clock, workers: int = 4) -> None:
        """``workers`` jobs run at once; the others wait, as ``storage.jobsParallelism`` has it."""
        self._clock = clock
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="job")
        self._jobs: dict[int, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self,
        operation: str,
        work: Callable[[], Any],
        *,
        table: str | None,
        params: dict[str, Any],
        token: dict[str, Any],
        run_id: str | None = None,
    ) -> Job:
        """Let a thread work; the job is there at once."""
        number = 22_070_936 + len(self._jobs)
        job = Job(number, operation, table, params, token, self._clock.now(), run_id)
        self._jobs[number] = job
        task = asyncio.get_running_loop().create_task(self._work(job, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    async def _work(self, job: Job, work: Callable[[], Any]) -> None:
        def begin() -> Any:
            job.status, job.started = "processing", self._clock.now()
            return work()

        try:
            results = await asyncio.get_running_loop().run_in_executor(self._pool, begin)
        except JobError as error:
            job.fail(error.body(), self._clock.now())
            job.results = error.results
        except Exception as error:
            message = f"Application error: {type(error).__name__}: {error}"
            job.fail(
                {"message": message, "code": "internal", "exceptionId": exception_id()},
                self._clock.now(),
            )
        else:
            job.status, job.results, job.ended = "success", results, self._clock.now()
            job.done.set()

    def get(self, number: str) -> Job:
        """A job; 404 where there is none."""
        job = self._jobs.get(int(number)) if number.isdecimal() else None
        if job is None:
            raise ApiError(404, f"Job {number} not found", "storage.jobs.notFound")
        return job

    async def look(self, number: str, patience: float) -> Job:
        """A job, as soon as it has ended or ``patience`` seconds have passed."""
        job = self.get(number)
        with suppress(TimeoutError):
            await asyncio.wait_for(job.done.wait(), patience)
        return job

    def newest(self, limit: int, offset: int, statuses: list[str]) -> list[Job]:
        """A page of jobs."""
        found = [job for job in self._jobs.values() if not statuses or job.status in statuses]
        return found[::-1][offset : offset + limit]

    def stop(self) -> None:
        """Wait for the threads; what has not begun never does."""
        self._pool.shutdown(wait=True, cancel_futures=True)
