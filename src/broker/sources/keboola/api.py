"""Keboola's Storage API: requests, answers, and errors in its own words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr
from urllib3 import BaseHTTPResponse

from ...errors import AbsentError, ForbiddenError, SourceError
from .retry import Deadline, PassingError, Patience
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
        document = _json(response.data.replace(token, b"***"))
        if 200 <= response.status < 300:
            if document is None:
                raise PassingError("the answer is not JSON", where=where)
            return document
        raise self._refusal(response, document, where)

    def _refusal(self, response: BaseHTTPResponse, document: Any, where: str) -> SourceError:
        """Map a failed HTTP response to the error class that says whether to retry."""
        status = response.status
        facts = document if isinstance(document, Mapping) else {}
        found = f"HTTP {status}{_details(facts)}"[:_LONGEST]
        message = _message(facts)[:_LONGEST]
        if status in PASSING:
            wait = retry_after(response.headers)
            return PassingError(message, where=where, found=found, retry_after=wait)
        if status == 401:
            remedy = "Give the source a token of this stack that is still good."
            return ForbiddenError(message, where=where, found=found, remedy=remedy)
        if status == 403:
            remedy = "Give the token the right to read the bucket."
            return ForbiddenError(message, where=where, found=found, remedy=remedy)
        if status == 404 and "/tables/" in where:  # not for a job or a file that is gone
            return AbsentError(message, where=where, found=found)
        return SourceError(message, where=where, found=found)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _message(facts: Mapping[str, Any]) -> str:
    if facts.get("status") == "maintenance":
        until = facts.get("estimatedEndTime")
        return f"Keboola is under maintenance{f' until {until}' if until else ''}"
    for key in ("error", "message"):
        if isinstance(facts.get(key), str) and facts[key]:
            return str(facts[key])
    return "Keboola did not answer the request"


def _details(facts: Mapping[str, Any]) -> str:
    parts = [f"{key} {facts[key]}" for key in ("code", "exceptionId") if facts.get(key)]
    return f" ({', '.join(parts)})" if parts else ""
