"""What Google Cloud tells a machine of itself, its service account's tokens among it.

As https://cloud.google.com/compute/docs/metadata/overview has it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from .tokens import Tokens

__all__ = ["metadata"]

_FLAVOR = {"Metadata-Flavor": "Google"}
_ACCOUNT = "/computeMetadata/v1/instance/service-accounts/{account}/"


def metadata(project: str, tokens: Tokens) -> web.Application:
    """The metadata server of a machine of this project, at ``GCE_METADATA_HOST``."""
    app = web.Application(middlewares=[_only_for_those_who_know])

    async def ping(_: web.Request) -> web.Response:
        return web.Response(text="computeMetadata/\n", headers=_FLAVOR)

    async def name(_: web.Request) -> web.Response:
        return web.Response(text=project, headers=_FLAVOR)

    async def account(_: web.Request) -> web.Response:
        body = {"email": tokens.email, "aliases": ["default"], "scopes": []}
        return web.json_response(body, headers=_FLAVOR)

    async def token(_: web.Request) -> web.Response:
        body = {"access_token": tokens.issue(), "expires_in": 3600, "token_type": "Bearer"}
        return web.json_response(body, headers=_FLAVOR)

    app.router.add_get("/", ping)
    app.router.add_get("/computeMetadata/v1/project/project-id", name)
    app.router.add_get(_ACCOUNT, account)
    app.router.add_get(f"{_ACCOUNT}token", token)
    return app


@web.middleware
async def _only_for_those_who_know(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """A page in a browser cannot send this header to a foreign host."""
    if request.headers.get("Metadata-Flavor") != "Google":
        raise web.HTTPForbidden
    return await handler(request)
