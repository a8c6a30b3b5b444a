"""``mcp``: serve the data to a coding agent that starts this program."""

from __future__ import annotations

import click

from ...errors import LaptopError
from ..starting import SYNC
from ..workspace import Workspace

__all__ = ["mcp"]


@click.command
@click.pass_obj
def mcp(workspace: Workspace) -> None:
    """Serve the data by the Model Context Protocol, on standard input and output.

    A coding agent starts this by what .mcp.json says.
    """
    try:
        from .server import make_server  # noqa: PLC0415  an extra, and slow to import
    except ImportError as error:
        raise LaptopError(
            "the MCP server needs the Python package mcp",
            found=f"no module {error.name}",
            remedy=f"Run: {SYNC}",
        ) from error
    make_server(workspace).run()
