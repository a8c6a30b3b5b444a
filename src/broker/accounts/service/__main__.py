"""``python -I -m broker.accounts.service ACCOUNT...``: serves the connection on standard input."""

from __future__ import annotations

import os
import socket
import sys

from .serve import Helper


def main() -> None:
    """ACCOUNT... may ask, beside root. A request that is refused is no failure of the service."""
    os.umask(0o022)
    with socket.socket(fileno=os.dup(sys.stdin.fileno())) as connection:
        Helper(tuple(sys.argv[1:])).serve(connection)


if __name__ == "__main__":
    main()
