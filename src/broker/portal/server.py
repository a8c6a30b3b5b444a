"""How gunicorn serves the portal: settings by its own names (``--config python:…``).

systemd gives it the listening socket and waits for its readiness; the application is made before
that, so that a portal that cannot start is a failure of its unit. One process answers a few
requests at a time in threads, since most of a request is waiting.
"""

from __future__ import annotations

import os
import signal
from typing import Any

__all__ = ["on_starting", "post_fork", "post_worker_init"]

workers = int(os.environ.get("PORTAL_WORKERS", "2"))
threads = int(os.environ.get("PORTAL_THREADS", "4"))
# No more than it answers at once: the others wait in the socket, which outlives every process.
worker_connections = threads
worker_class = "gthread"
preload_app = True
# What is under way when the portal restarts has this long; nginx gives up after 60 s.
graceful_timeout = 30
timeout = 60
# The proxy opens a connection for each request: none is idle when a worker ends.
keepalive = 0
# nginx alone reaches the socket; it has counted and cut all of this before.
limit_request_line = 8190
limit_request_fields = 60
forwarded_allow_ips = "*"
# nginx keeps the log of requests; what is printed goes to the journal.
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def on_starting(_server: Any) -> None:
    """Each process that is forked from now on takes SIGTERM once it can end gracefully.

    Until then it has the handler of the master, which would take note of the signal and not end:
    30 s later the process would be killed in the midst of its requests.
    """
    os.register_at_fork(before=_hold_sigterm, after_in_parent=_take_sigterm)


def post_worker_init(_worker: Any) -> None:
    """A worker has its own handlers now: a signal that came meanwhile ends it at once."""
    _take_sigterm()


def _hold_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _take_sigterm() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


def post_fork(_server: Any, worker: Any) -> None:
    """A connection to SQLite does not outlive a fork: each process opens its own."""
    worker.app.wsgi().extensions["database"].engine.dispose(close=False)
