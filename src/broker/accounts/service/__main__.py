"""``python -I -m broker.accounts.service ACCOUNT... [--connections N]``.

Serves the connection on standard input.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys

from .rate_limit import Limit
from .serve import Helper


def main() -> None:
    """ACCOUNT... may connect, beside root. A refused request is not a failure of the service."""
    parser = argparse.ArgumentParser(prog="broker.accounts.service", description=__doc__)
    parser.add_argument("accounts", nargs="+")
    parser.add_argument("--connections", type=int, default=Limit().connections)
    given = parser.parse_args()
    os.umask(0o022)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as connection:
        limit = Limit(connections=given.connections)
        Helper(tuple(given.accounts), limit=limit).serve(connection)


if __name__ == "__main__":
    main()
