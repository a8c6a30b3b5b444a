"""The five tools, as the official library serves them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from ... import __version__
from ...errors import BrokerError
from ..workspace import Workspace
from . import texts
from .child import ask_in_process
from .metrics import metrics_of
from .tables import described, fresh, listed

__all__ = ["make_server"]

_ROWS = 200
_Search = Annotated[str, Field(max_length=200)]
_READS: dict[str, Any] = {
    "annotations": ToolAnnotations(read_only_hint=True, open_world_hint=False),
    "structured_output": False,
}


@contextmanager
def _errors_shown() -> Iterator[None]:
    """The library shows an agent the text of this error alone."""
    try:
        yield
    except BrokerError as error:
        raise ToolError(str(error)) from error


def _text(value: str | int | float | bool) -> str:
    """The value as DuckDB reads it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def make_server(workspace: Workspace) -> MCPServer[Any]:
    """A server for the data of this folder; every call sees the generation of that moment."""
    server: MCPServer[Any] = MCPServer(
        "broker", instructions=texts.INSTRUCTIONS, version=__version__, log_level="ERROR"
    )

    @server.tool(description=texts.LIST_TABLES, **_READS)
    def list_tables(search: _Search = "", skip: Annotated[int, Field(ge=0)] = 0) -> str:
        with _errors_shown():
            manifest, _ = workspace.in_use()
            return listed(manifest, datetime.now(UTC), search, skip)

    @server.tool(description=texts.DESCRIBE_TABLE, **_READS)
    def describe_table(name: _Search, search: _Search = "") -> str:
        with _errors_shown():
            manifest, _ = workspace.in_use()
            return described(manifest, datetime.now(UTC), name, search)

    @server.tool(description=texts.QUERY, **_READS)
    async def query(
        sql: str,
        parameters: dict[str, str | int | float | bool] | None = None,
        rows: Annotated[int, Field(ge=1, le=5_000)] = _ROWS,
        seconds: Annotated[float, Field(ge=1, le=600)] = 60,
    ) -> str:
        with _errors_shown():
            values = {name: _text(value) for name, value in (parameters or {}).items()}
            return await ask_in_process(workspace.root, sql, values, rows, seconds)

    @server.tool(description=texts.METRICS, **_READS)
    def metrics(search: _Search = "") -> str:
        with _errors_shown():
            manifest, tree = workspace.in_use()
            return metrics_of(manifest, tree, search)

    @server.tool(description=texts.FRESHNESS, **_READS)
    def freshness() -> str:
        with _errors_shown():
            manifest, _ = workspace.in_use()
            return fresh(manifest, datetime.now(UTC))

    return server
