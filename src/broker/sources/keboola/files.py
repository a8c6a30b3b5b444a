"""The file that an export left: its slices, and where each can be fetched right now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ...errors import ForbiddenError, SourceError
from .api import Api
from .retry import Deadline, PassingError, Patience
from .stores import SliceAddress, located
from .types import mapping
from .web import PASSING, Web, retry_after, shown

__all__ = ["Answers", "ExportedFile", "refused"]

# How stores answer a link or a credential that is no longer good, or not yet.
_REFUSALS = frozenset({400, 401, 403, 404})
_MOST_REFUSALS = 3


@dataclass(frozen=True)
class Answers:
    """Whom to ask, and how patiently."""

    api: Api
    web: Web
    patience: Patience
    deadline: Deadline
    where: str


class ExportedFile:
    """Asks Keboola again where to fetch when a link expired. May be used by several threads."""

    def __init__(self, number: int, answers: Answers) -> None:
        """``number`` is the file's in Keboola. Nothing is asked yet."""
        self._number = number
        self._answers = answers
        self._lock = Lock()
        self._version = 0
        self._detail: Mapping[str, Any] = {}
        self._entries: dict[str, str] = {}
        self._manifest_bytes = 0

    def slices(self) -> tuple[str, ...]:
        """The names of the slices, in the order of the manifest."""
        with self._lock:
            self._look()
            return tuple(self._entries)

    @property
    def is_sliced(self) -> bool:
        """Whether it is more than one object; only then nothing has a header for certain."""
        return bool(self._detail.get("isSliced"))

    @property
    def is_compressed(self) -> bool:
        """Whether the file's name ends in .gz."""
        return str(self._detail.get("name") or "").endswith(".gz")

    def locate(self, name: str) -> tuple[int, SliceAddress]:
        """Where a slice is, and the version of that knowledge."""
        with self._lock:
            return self._version, located(self._detail, self._entries[name])

    def refresh(self, version: int) -> None:
        """Ask again, unless another thread did since ``version``. The slices must be the same."""
        with self._lock:
            if version != self._version:
                return
            before = {*self._entries}
            self._look()
            if {*self._entries} != before:
                raise SourceError(
                    "the slices of the export changed while they were fetched",
                    where=self._answers.where,
                )

    def _look(self) -> None:
        refusals = 0

        def once() -> dict[str, str]:
            nonlocal refusals
            self._detail = self._ask()
            if not self._detail.get("isSliced"):
                url = str(self._detail.get("url") or "")
                return {_name(url): url}
            try:
                return self._manifest()
            except ForbiddenError as error:
                refusals += 1
                if refusals < _MOST_REFUSALS:
                    raise PassingError(error.message, where=error.where) from None
                raise

        entries = self._answers.patience.insist(once, self._answers.deadline)
        if not entries and self._detail.get("sizeBytes") != 0:
            # A manifest without slices is how an export without rows looks; so it is read twice.
            entries = self._answers.patience.insist(once, self._answers.deadline)
            self._refuse_missing(entries)
        self._entries = entries
        self._version += 1

    def _refuse_missing(self, entries: Mapping[str, str]) -> None:
        """The size may include the manifest: Keboola does not document it."""
        size = self._detail.get("sizeBytes")
        if not entries and isinstance(size, int) and size > self._manifest_bytes:
            raise SourceError(
                "the manifest names no slice",
                where=self._answers.where,
                expected=f"slices of {size:,} bytes",
                remedy="Sync again.",
            )

    def _ask(self) -> Mapping[str, Any]:
        one = self._answers
        path = f"files/{self._number}"
        return mapping(one.api.get(path, one.deadline, where=one.where, federationToken="1"))

    def _manifest(self) -> dict[str, str]:
        url = str(self._detail.get("url") or "")
        where = f"{self._answers.where}: {shown(url)}"
        response = self._answers.web.ask("GET", url, {}, where=where)
        if response.status != 200:
            raise refused(response.status, response.headers, where)
        self._manifest_bytes = len(response.data)
        try:
            entries = json.loads(response.data)["entries"]
            found = [str(entry["url"]) for entry in entries]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise PassingError("the manifest of the export cannot be read", where=where) from None
        return {_name(url): url for url in found}


def refused(status: int, headers: Mapping[str, str], where: str) -> SourceError:
    """What an object store's refusal means."""
    found = f"HTTP {status}"
    if status in PASSING:
        wait = retry_after(headers)
        return PassingError("the object store failed", where=where, found=found, retry_after=wait)
    if status in _REFUSALS:
        return ForbiddenError("the object store refuses", where=where, found=found)
    return SourceError("the object store failed", where=where, found=found)


def _name(url: str) -> str:
    """What a slice is called whatever link leads to it."""
    return shown(url) if url.startswith("http") else url
