"""``python -I -m broker.accounts.service ACCOUNT... [--connections N]``.

Serves the connection on standard input.
"""

from __future__ import annotations

import socket

from ...helper.program import serve_standard_input
from ...helper.rate_limit import Limit
from .serve import Helper


def _serve(accounts: tuple[str, ...], limit: Limit, connection: socket.socket) -> bool:
    return Helper(accounts, limit=limit).serve(connection)


if __name__ == "__main__":
    serve_standard_input("broker.accounts.service", _serve)
