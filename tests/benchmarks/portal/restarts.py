"""The portal restarted and killed under load, with the settings and the kind of socket of its unit.

The socket is open all the time, as that of systemd is: who connects meanwhile waits in it.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from .served import ORIGIN

__all__ = ["failed", "killed", "restarted", "served", "workers_of"]

RESTARTS = 20
KILLS = 5
CONNECTIONS = 8
# Answers of each kind between two restarts; every other one comes as soon as the portal answers.
BETWEEN = 200
SECONDS = 90
APPLICATION = "tests.benchmarks.portal.served:portal()"
# No form of a page sends this, so it changes nothing and is refused.
FORM = "/keys/add"
EXPECTED = frozenset({"GET 200", "POST 400"})
# systemd.exec(5), sd_listen_fds(3): the socket is number 3, and the process knows it is for it.
_HANDED_OVER = 'exec 3<&"$1"; LISTEN_FDS=1 LISTEN_PID=$$ exec "${@:2}"'


def restarted(
    port: int,
    path: str,
    cookie: str,
    environment: Mapping[str, str],
    *,
    restarts: int = RESTARTS,
    between: int = BETWEEN,
) -> Counter[str]:
    """How often each answer came while it was restarted; an error counts under its name."""
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listening:
        process = _started(listening, environment, APPLICATION)
        with _under_load(port, path, cookie) as load:
            for at in range(restarts):
                load.wait_for(between * (at % 2))
                _stop(process)
                process = _started(listening, environment, APPLICATION)
        _stop(process)
    return load.found


def killed(
    port: int,
    path: str,
    cookie: str,
    environment: Mapping[str, str],
    *,
    kills: int = KILLS,
    between: int = BETWEEN,
) -> Counter[str]:
    """The same while one of its workers after the other is killed."""
    with served(port, environment) as process, _under_load(port, path, cookie) as load:
        for _ in range(kills):
            load.wait_for(between)
            os.kill(workers_of(process.pid)[0], signal.SIGKILL)
        load.wait_for(between)
    return load.found


@contextmanager
def served(
    port: int, environment: Mapping[str, str], application: str = APPLICATION
) -> Iterator[subprocess.Popen[bytes]]:
    """The master, once it answers."""
    with socket.create_server(("127.0.0.1", port), backlog=2048) as listening:
        process = _started(listening, environment, application)
        try:
            yield process
        finally:
            _stop(process)


def workers_of(master: int) -> list[int]:
    """Their process ids, the oldest first."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text()
    return [int(pid) for pid in children.split()]


def failed(found: Mapping[str, int]) -> int:
    """How many requests had another answer than they should."""
    return sum(count for answer, count in found.items() if answer not in EXPECTED)


def _started(
    listening: socket.socket, environment: Mapping[str, str], application: str
) -> subprocess.Popen[bytes]:
    """Answers by then."""
    gunicorn = [sys.executable, "-m", "gunicorn", "--config", "python:broker.portal.server"]
    process = subprocess.Popen(
        ["bash", "-c", _HANDED_OVER, "bash", str(listening.fileno()), *gunicorn, application],
        pass_fds=[listening.fileno()],
        env={**os.environ, **environment},
    )
    port = listening.getsockname()[1]
    with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=SECONDS):
        return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait(SECONDS)


@contextmanager
def _under_load(port: int, path: str, cookie: str) -> Iterator[_Load]:
    load = _Load(port, path, cookie)
    clients = [
        threading.Thread(target=load.ask, args=(("GET", "POST")[at % 2],))
        for at in range(CONNECTIONS)
    ]
    for one in clients:
        one.start()
    try:
        yield load
    finally:
        load.over.set()
        for one in clients:
            one.join()


class _Load:
    """Requests, and how often each answer came."""

    def __init__(self, port: int, path: str, cookie: str) -> None:
        self.port = port
        host = ORIGIN.removeprefix("http://")
        self.headers = {"Host": host, "Cookie": cookie, "Connection": "close"}
        self.paths = {"GET": path, "POST": FORM}
        self.found: Counter[str] = Counter()
        self.over = threading.Event()
        self._lock = threading.Lock()

    def wait_for(self, more: int) -> None:
        """Until so many more requests of each kind were answered as they should be."""
        enough = {one: self.found[one] + more for one in EXPECTED}
        latest = time.monotonic() + SECONDS
        while any(self.found[one] < count for one, count in enough.items()):
            if time.monotonic() > latest:
                raise TimeoutError(f"{dict(self.found)} within {SECONDS} seconds, not {enough}")
            time.sleep(0.01)

    def ask(self, method: str) -> None:
        """One request after the other, each on a connection of its own, as nginx makes them."""
        while not self.over.is_set():
            answer = self._answer(method)
            with self._lock:
                self.found[f"{method} {answer}"] += 1

    def _answer(self, method: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        body = b"token=x" if method == "POST" else None
        try:
            connection.request(method, self.paths[method], body, self.headers)
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__
        finally:
            connection.close()
