"""Keboola's Storage API: requests, answers, and errors in its own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr
from urllib3 import BaseHTTPResponse

from ...errors import AbsentError, ForbiddenError, SourceError
from .patience import Deadline, PassingError, Patience
from .web import PASSING, Web, retry_after, shown

__all__ = ["Api"]

_LONGEST = 300


class Api:
    """One project as one token sees it. May be used by several threads."""

    def __init__(
        self, url: str, token: SecretStr, web: Web, patience: Patience, branch: str | None = None
    ) -> None:
        """``url`` is the stack's. Nothing is asked yet."""
        self._root = f"{url}/v2/storage"
        self._branch = f"/branch/{quote(branch, safe='')}" if branch else ""
        self._token = token
        self._web = web
        self._patience = patience

    def get(self, path: str, deadline: Deadline, *, where: str, **query: str) -> Any:
        """What stands at ``path``, as JSON. ``where`` says what it is asked for."""
        return self._ask("GET", path, deadline, where, query=query)

    def post(self, path: str, body: Mapping[str, Any], deadline: Deadline, *, where: str) -> Any:
        """The answer to a request that may be sent twice without harm."""
        return self._ask("POST", path, deadline, where, body=json.dumps(body).encode())

    def url(self, path: str) -> str:
        """The address of ``path``. Jobs and tokens stand outside of branches."""
        outside = path.startswith(("jobs", "tokens"))
        return f"{self._root}{'' if outside else self._branch}/{path}"

    def _ask(
        self,
        method: str,
        path: str,
        deadline: Deadline,
        where: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Any:
        url = self.url(path)
        headers = {"X-StorageApi-Token": self._token.get_secret_value()}
        if body is not None:
            headers["Content-Type"] = "application/json"
        full = f"{url}?{urlencode(query)}" if query else url

        place = f"{where}: {shown(url)}"

        def once() -> Any:
            response = self._web.ask(method, full, headers, body, where=place)
            return self._answer(response, place)

        return self._patience.insist(once, deadline)

    def _answer(self, response: BaseHTTPResponse, where: str) -> Any:
        token = self._token.get_secret_value().encode()
        told = _json(response.data.replace(token, b"***"))
        if 200 <= response.status < 300:
            if told is None:
                raise PassingError("the answer is no JSON", where=where)
            return told
        raise self._refusal(response, told, where)

    def _refusal(self, response: BaseHTTPResponse, told: Any, where: str) -> SourceError:
        """What an answer that is none says, in the class that tells what to make of it."""
        status = response.status
        said = told if isinstance(told, Mapping) else {}
        found = f"HTTP {status}{_details(said)}"[:_LONGEST]
        message = _message(said)[:_LONGEST]
        if status in PASSING:
            wait = retry_after(response.headers)
            return PassingError(message, where=where, found=found, retry_after=wait)
        if status == 401:
            remedy = "Give the source a token of this stack that is still good."
            return ForbiddenError(message, where=where, found=found, remedy=remedy)
        if status == 403:
            remedy = "Give the token the right to read the bucket."
            return ForbiddenError(message, where=where, found=found, remedy=remedy)
        if status == 404 and "/tables/" in where:  # a job or a file that is gone is no table
            return AbsentError(message, where=where, found=found)
        return SourceError(message, where=where, found=found)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _message(said: Mapping[str, Any]) -> str:
    if said.get("status") == "maintenance":
        until = said.get("estimatedEndTime")
        return f"Keboola is under maintenance{f' until {until}' if until else ''}"
    for key in ("error", "message"):
        if isinstance(said.get(key), str) and said[key]:
            return str(said[key])
    return "Keboola did not answer the request"


def _details(said: Mapping[str, Any]) -> str:
    parts = [f"{key} {said[key]}" for key in ("code", "exceptionId") if said.get(key)]
    return f" ({', '.join(parts)})" if parts else ""
