"""The command line of a helper: ``ACCOUNT... [--connections N]``, a connection on its input."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from collections.abc import Callable

from .rate_limit import Limit

__all__ = ["serve_standard_input"]


def serve_standard_input(
    program: str, serve: Callable[[tuple[str, ...], Limit, socket.socket], bool]
) -> None:
    """ACCOUNT... may connect, beside root. A refused request is not a failure of the service."""
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("accounts", nargs="+")
    parser.add_argument("--connections", type=int, default=Limit().connections)
    given = parser.parse_args()
    os.umask(0o022)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as connection:
        serve(tuple(given.accounts), Limit(connections=given.connections), connection)
