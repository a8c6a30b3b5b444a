"""The stand-in's own endpoint, beside the API: faults, the clock, tokens, and what happened."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from ..faults import Fault
from .project import Project

__all__ = ["control"]


def control(project: Project) -> web.Application:
    """Routes below ``/control``. No token is asked for: only tests reach it."""
    app = web.Application()

    async def pending(request: web.Request) -> web.Response:
        del request
        happened = [
            {**asdict(fault), "at": asdict(place)} for fault, place in project.faults.happened
        ]
        return web.json_response({"pending": project.faults.pending(), "happened": happened})

    async def add(request: web.Request) -> web.Response:
        given = await request.json()
        try:
            project.faults.add(*(Fault(**one) for one in given))
        except (TypeError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(project.faults.pending())

    async def clear(request: web.Request) -> web.Response:
        del request
        project.faults.clear()
        return web.json_response([])

    async def clock(request: web.Request) -> web.Response:
        project.clock.advance(float((await request.json())["advance"]))
        return web.json_response({"now": project.clock.unix()})

    async def behaviour(request: web.Request) -> web.Response:
        try:
            project.behaviour = replace(project.behaviour, **await request.json())
        except TypeError as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response(asdict(project.behaviour))

    async def tokens(request: web.Request) -> web.Response:
        given: dict[str, Any] = await request.json()
        token = project.tokens.add(given.get("description", ""))
        token.permissions.update(given.get("bucketPermissions", {}))
        return web.json_response({"id": token.id, "token": token.secret}, status=201)

    async def ready(request: web.Request) -> web.Response:
        given = await request.json()
        slices = [Path(path) for path in given["slices"]]
        project.serve_slices(given["table"], given["columns"], slices, given["rows"])
        return web.json_response({}, status=201)

    app.router.add_get("/faults", pending)
    app.router.add_post("/faults", add)
    app.router.add_delete("/faults", clear)
    app.router.add_post("/clock", clock)
    app.router.add_post("/behaviour", behaviour)
    app.router.add_post("/tokens", tokens)
    app.router.add_post("/exports", ready)
    return app
