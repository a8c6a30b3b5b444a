"""The portal served on loopback."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from socket import socket

from flask import Flask
from werkzeug.serving import make_server

__all__ = ["served"]


@contextmanager
def served(make: Callable[[str], Flask]) -> Iterator[str]:
    """The address of the app that is made for it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with socket() as place:
        place.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{place.getsockname()[1]}"
        place.listen()
        server = make_server("127.0.0.1", 0, make(origin), threaded=True, fd=place.fileno())
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
