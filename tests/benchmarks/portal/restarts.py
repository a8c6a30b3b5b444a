"""The portal restarted under load, with the settings and the kind of socket that its unit has.

The socket is open all the time, as that of systemd is: who connects meanwhile waits in it.
"""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from urllib.request import urlopen

__all__ = ["restarted"]

RESTARTS = 20
CONNECTIONS = 8
SECONDS = 90
# systemd.exec(5), sd_listen_fds(3): the socket is number 3, and the process knows it is for it.
_HANDED_OVER = 'exec 3<&"$1"; LISTEN_FDS=1 LISTEN_PID=$$ exec "${@:2}"'


def restarted(port: int, path: str, cookie: str, environment: Mapping[str, str]) -> Counter[str]:
    """How often each answer came while it was restarted; an error counts under its name."""
    found: Counter[str] = Counter()
    over = threading.Event()
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listening:
        process = _started(listening, port, environment)
        clients = [
            threading.Thread(target=_ask, args=(port, path, cookie, found, over))
            for _ in range(CONNECTIONS)
        ]
        try:
            for one in clients:
                one.start()
            for _ in range(RESTARTS):
                _stop(process)
                process = _started(listening, port, environment)
        finally:
            over.set()
            for one in clients:
                one.join()
            _stop(process)
    return found


def _started(
    listening: socket.socket, port: int, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Answers by then."""
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:broker.portal.server"]
    command = [*gunicorn, "tests.benchmarks.portal.served:portal()"]
    process = subprocess.Popen(
        ["bash", "-c", _HANDED_OVER, "bash", str(listening.fileno()), *command],
        pass_fds=[listening.fileno()],
        env={**os.environ, **environment},
    )
    with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=SECONDS):
        return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(SECONDS)


def _ask(port: int, path: str, cookie: str, found: Counter[str], over: threading.Event) -> None:
    """One request after the other, each on a connection of its own, as nginx makes them."""
    while not over.is_set():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
        try:
            connection.request("GET", path, headers={"Cookie": cookie, "Connection": "close"})
            answer = connection.getresponse()
            answer.read()
            found[str(answer.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            found[type(error).__name__] += 1
        finally:
            connection.close()
