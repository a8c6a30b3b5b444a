"""The values of metrics in the generation that is being made.

A metric is run where a file of its tables changed, and each time where its SQL asks for the time
or for chance. It runs in a process of its own: SQL of an operator may take neither longer nor more
than it may, and a publication does not end with it.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import duckdb

from ..errors import PublishError
from ..manifest import Manifest, TableEntry
from ..view_sql import openable, rows_query
from .bound import BoundMetric, BoundMetrics
from .results import MetricAnswer, MetricPast, basis_of, continued, line_of
from .stability import is_moving

__all__ = ["Bounds", "MetricRun", "MetricValues"]

_ROOT = Path("/")
_GRACE_SECONDS = 5.0  # after an interrupt, until the process is ended
_START_SECONDS = 60.0  # of the process, on a machine that has much else to do
_SLACK_BYTES = 512 * 1024**2
_TIMEOUT = "timeout"
_DIED = "died"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What each metric may take: seconds, bytes of memory, threads."""

    seconds: float
    memory_bytes: int
    threads: int


@dataclass(frozen=True, slots=True)
class MetricValues:
    """What a generation knows of its metrics, by name, and a warning for each that has no value."""

    pasts: Mapping[str, MetricPast]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricRun:
    """All that the values of a generation follow from.

    ``file_of`` is where a data file is now, ``work`` a folder for what does not fit into memory,
    ``places`` says in which file a metric is described.
    """

    bound: BoundMetrics
    manifest: Manifest
    before: Mapping[str, MetricPast]
    file_of: Callable[[str], Path]
    work: Path
    bounds: Bounds
    now: datetime
    places: Mapping[str, str]

    def __call__(self) -> MetricValues:
        """Run what changed. It never fails: a metric without a value has a problem instead."""
        pasts = {one.metric.name: self._past(one) for one in self.bound.metrics}
        due = [one for one in self.bound.metrics if not self._is_known(pasts[one.metric.name])]
        for one, answer in zip(due, self._answers(due), strict=True):
            name = one.metric.name
            pasts[name] = continued(self.before.get(name), one.metric, answer, pasts[name])
        warnings = (self._warning(name, past) for name, past in pasts.items() if past.problem)
        return MetricValues(pasts, tuple(warnings))

    def _past(self, one: BoundMetric) -> MetricPast:
        """As it was in the generation before, where nothing changed; else without an answer."""
        now = MetricPast(self._basis(one), line_of(one, self.manifest))
        before = self.before.get(one.metric.name)
        is_same = before is not None and (before.basis, before.line) == (now.basis, now.line)
        if before is None or not is_same or is_moving(one.metric.sql):
            return now
        # More time or memory may help what had too little of it.
        return before if before.limits in ("", self._limits) else now

    def _basis(self, one: BoundMetric) -> str:
        return basis_of(one, self.manifest, duckdb.__version__)

    @property
    def _limits(self) -> str:
        return f"{self.bounds.seconds:g} s, {self.bounds.memory_bytes} bytes"

    def _is_known(self, past: MetricPast) -> bool:
        return past.result is not None or bool(past.problem)

    def _answers(self, due: Sequence[BoundMetric]) -> Iterator[MetricAnswer]:
        """One for each; a process that had to be ended is begun anew with those that are left."""
        left = list(due)
        while left:
            done = 0
            for found in _run(self._request(left), self.bounds.seconds):
                done += 1
                yield self._answer(found)
            left = left[done:]

    def _answer(self, found: Mapping[str, Any]) -> MetricAnswer:
        base = MetricAnswer(self.manifest.generation, self.now)
        if "error" in found:
            words = {
                _TIMEOUT: f"it takes longer than {self.bounds.seconds:g} s",
                _DIED: "the process that ran it died, as for too little memory",
                "memory": "it takes more memory than it may",
            }
            problem = words.get(found["error"], f"DuckDB ended it with {found['error']}")
            return replace(base, problem=problem, limits=self._limits)
        rows = tuple(tuple(row) for row in found["rows"])
        return replace(base, rows=rows, time=found["time"])

    def _request(self, metrics: Sequence[BoundMetric]) -> bytes:
        tables = {one.id: self._placed(one) for one in self.manifest.tables}
        read = {one for metric in metrics for one in metric.bindings[0].values()}
        paths = {path for one in read for path in openable(tables[one], _ROOT)}
        request = {
            "seconds": self.bounds.seconds,
            "memory": self.bounds.memory_bytes,
            "process_memory": self.bounds.memory_bytes * 5 // 4 + _SLACK_BYTES,
            "threads": self.bounds.threads,
            "work": str(self.work),
            "paths": sorted(paths),
            "metrics": [_in_request(one, tables) for one in metrics],
        }
        return json.dumps(request).encode()

    def _placed(self, entry: TableEntry) -> TableEntry:
        """The table with its files by where they are now."""
        files = (replace(one, path=str(self.file_of(one.path).absolute())) for one in entry.files)
        return replace(entry, files=tuple(files))

    def _warning(self, name: str, past: MetricPast) -> str:
        problem = PublishError(
            f"metric {name} has no value: {past.problem}",
            where=self.places.get(name),
            remedy="It is published without one. Make its SQL cheaper or right, or raise "
            "metrics.timeout.",
        )
        return str(problem)


def _in_request(one: BoundMetric, tables: Mapping[str, TableEntry]) -> dict[str, Any]:
    metric = one.metric
    names = [column.name for column in metric.columns]
    return {
        "sql": metric.sql,
        "columns": len(names),
        "time": names.index(metric.time_column) if metric.time_column in names else None,
        "views": {
            name: rows_query(tables[table], _ROOT) for name, table in one.bindings[0].items()
        },
    }


def _run(request: bytes, seconds: float) -> Iterator[Mapping[str, Any]]:
    """The answers of one process, as they come; the last says why, where it had to be ended."""
    paths = os.pathsep.join(path for path in sys.path if path)
    # No other variable: what the service has in its environment is not for SQL.
    environment = {"PYTHONPATH": paths, "PATH": os.defpath, "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "broker.metrics.computing"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    ) as process:
        found: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        # Both are pipes, as asked for above.
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        reader = threading.Thread(target=_read, args=(process.stdout, found), daemon=True)
        reader.start()
        try:
            yield from _lines(process.stdin, found, request, seconds)
        finally:
            process.kill()
            reader.join()  # before its stream is closed


def _lines(
    stream: IO[bytes],
    found: queue.SimpleQueue[bytes],
    request: bytes,
    seconds: float,
) -> Iterator[Mapping[str, Any]]:
    with suppress(BrokenPipeError), stream:  # where it died before it read all
        stream.write(request)
    for at in range(len(json.loads(request)["metrics"])):
        wait = seconds + _GRACE_SECONDS + (0 if at else _START_SECONDS)
        try:
            line = found.get(timeout=wait)
        except queue.Empty:
            yield {"error": _TIMEOUT}
            return
        if not line:
            yield {"error": _DIED}
            return
        answer: Mapping[str, Any] = json.loads(line)
        yield answer


def _read(stream: IO[bytes], found: queue.SimpleQueue[bytes]) -> None:
    """Lines, then an empty one at the end."""
    for line in stream:
        found.put(line)
    found.put(b"")
