"""The API's routes on a socket: who asks, what for, and what goes wrong meanwhile."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web

from ..delivery import PAGE, Answer, deliver
from ..faults import Fault, Kind, Phase, Place
from . import buckets, exports, files, imports, index, metadata, tables
from .call import Call, Reply
from .clock import shown
from .errors import ApiError
from .parameters import read
from .project import Project
from .tokens import Token

__all__ = ["application"]

PREFIX = "/v2/storage"
JSON = "application/json"  # without a charset: the PHP client compares the whole header
Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Route:
    """One call of the API; ``phase`` is where faults meet it."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    phase: Phase


def _route(method: str, path: str, handler: Handler, phase: Phase) -> Route:
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(method, re.compile(pattern), handler, phase)


ROUTES = [
    _route("GET", "", index.index, "index"),
    _route("GET", "tokens/verify", index.verify, "verify"),
    _route("GET", "dev-branches", index.branches, "index"),
    _route("POST", "tickets", index.ticket, "index"),
    _route("GET", "jobs", index.jobs, "poll"),
    _route("GET", "jobs/{job}", index.job, "poll"),
    _route("GET", "buckets", buckets.list_all, "tables"),
    _route("POST", "buckets", buckets.create, "upload"),
    _route("GET", "buckets/{bucket}", buckets.detail, "tables"),
    _route("DELETE", "buckets/{bucket}", buckets.delete, "upload"),
    _route("GET", "buckets/{bucket}/tables", buckets.tables_of, "tables"),
    _route("POST", "buckets/{bucket}/tables-async", tables.create, "upload"),
    _route("POST", "buckets/{bucket}/tables-definition", tables.define, "upload"),
    _route("POST", "buckets/{bucket}/table-aliases", tables.alias, "upload"),
    _route("GET", "tables", buckets.list_tables, "tables"),
    _route("GET", "tables/{table}", tables.detail, "tables"),
    _route("DELETE", "tables/{table}", tables.delete, "upload"),
    _route("POST", "tables/{table}/columns", tables.add_column, "upload"),
    _route("DELETE", "tables/{table}/columns/{column}", tables.drop_column, "upload"),
    _route("DELETE", "tables/{table}/rows", tables.delete_rows, "upload"),
    _route("GET", "tables/{table}/data-preview", tables.preview, "tables"),
    _route("GET", "tables/{table}/metadata", metadata.list_all, "tables"),
    _route("POST", "tables/{table}/metadata", metadata.write, "upload"),
    _route("DELETE", "tables/{table}/metadata/{entry}", metadata.remove, "upload"),
    _route("POST", "tables/{table}/import-async", imports.load, "upload"),
    _route("POST", "tables/{table}/export-async", exports.start, "start"),
    _route("GET", "files", files.list_all, "tables"),
    _route("POST", "files/prepare", files.prepare, "upload"),
    _route("GET", "files/{file}", files.detail, "detail"),
    _route("DELETE", "files/{file}", files.delete, "upload"),
]
_ERRORS: dict[Kind, tuple[int, str, str | None]] = {
    "throttle": (429, "Too many requests", None),
    "internal": (500, "Application error. Please contact support.", "application"),
    "denied": (403, "You don't have access to the resource.", "accessDenied"),
    "missing": (404, "Not found", "storage.notFound"),
    "expired": (401, "Invalid access token", "storage.tokenInvalid"),
}
_BRANCH = re.compile(r"branch/[^/]+/(?=tables|buckets|files|components|tokens|search)")


def application(project: Project) -> web.Application:
    """The API of a project."""
    app = web.Application(client_max_size=256 * 1024 * 1024)

    async def handle(request: web.Request) -> web.StreamResponse:
        return await _handle(project, request)

    app.router.add_route("*", PREFIX + "{tail:(/.*)?}", handle)
    return app


async def _handle(project: Project, request: web.Request) -> web.StreamResponse:
    base = f"{request.scheme}://{request.host}"
    fault: Fault | None = None
    try:
        route, path = _find(request)
        call = Call(project, base, await read(request), path, project.tokens.master)
        call.run_id = request.headers.get("X-KBC-RunId")
        fault = project.faults.take(_place(project, route, path))
        answer = _refusal(project, fault)
        if answer is None:
            if route.phase != "index":
                call.token = _token(project, request)
            answer = _answer(await _reply(route, call, fault))
    except ApiError as error:
        answer = _answer(Reply(error.body(), error.status))
    return await deliver(request, answer, fault if fault and _spoils(fault) else None)


async def _reply(route: Route, call: Call, fault: Fault | None) -> Reply:
    if fault and fault.kind == "failed_job" and route.phase == "poll":
        return await index.failed(call, call.path["job"])
    reply = await route.handler(call)
    if fault and fault.kind == "slow_job" and route.phase == "poll":
        waiting = {"status": "processing", "endTime": None, "results": None}
        return Reply({**reply.body, **waiting})
    return reply


def _find(request: web.Request) -> tuple[Route, dict[str, str]]:
    """The route of a request, with or without a branch, with or without a slash at its end."""
    rest = request.match_info["tail"].strip("/")
    rest = _BRANCH.sub("", rest, count=1)
    found = [(route, match) for route in ROUTES if (match := route.pattern.fullmatch(rest))]
    for route, match in found:
        if route.method == request.method:
            return route, match.groupdict()
    if found:
        raise ApiError(405, "Method not allowed")
    raise ApiError(404, f"Resource {request.path} not found", "storage.notFound")


def _place(project: Project, route: Route, path: dict[str, str]) -> Place:
    """Where the request stands, as far as it can be known before it is answered."""
    table = path.get("table")
    if number := path.get("job"):
        table = project.jobs.get(number).table
    if (number := path.get("file")) and number.isdecimal() and int(number) in project.files:
        table = project.files[int(number)].table
    return Place(route.phase, table)


def _token(project: Project, request: web.Request) -> Token:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return project.tokens.check(request.headers.get("X-StorageApi-Token") or bearer)


def _spoils(fault: Fault) -> bool:
    return fault.kind in {"reset", "truncate", "cut", "stall", "drip", "wrong_type", "html"}


def _refusal(project: Project, fault: Fault | None) -> Answer | None:
    """The answer of a server that does not even look at the request."""
    if fault is None:
        return None
    retry = {"Retry-After": f"{fault.seconds:g}"}
    if fault.kind == "gateway":
        return Answer(PAGE, "text/html", 502)
    if fault.kind == "maintenance":
        until = project.clock.now() + timedelta(seconds=fault.seconds)
        body = {"status": "maintenance", "estimatedEndTime": shown(until), "reason": "Upgrade"}
        return _answer(Reply(body, 503), retry)
    if fault.kind not in _ERRORS:
        return None
    error = ApiError(*_ERRORS[fault.kind])
    return _answer(Reply(error.body(), error.status), retry if fault.kind == "throttle" else None)


def _answer(reply: Reply, headers: dict[str, Any] | None = None) -> Answer:
    if reply.raw:
        return Answer(*reply.raw, status=reply.status, headers=headers)
    if reply.status == 204:
        return Answer(b"", "", 204, headers)
    return Answer(json.dumps(reply.body).encode(), JSON, reply.status, headers)
