"""On a host: requests to the portal in eight threads while a command is run 20 times, of which each
other one comes as soon as the one before has ended.

Half of them change something: forms without a token, which no page sends and the portal refuses
with 400. Prints how often each answer came, as JSON. A connection that was used before and is
closed without an answer counts as `closed`, and its request is made again, as browsers do. Standard
library only.
"""

from __future__ import annotations

import collections
import http.client
import json
import socket
import ssl
import subprocess
import sys
import threading
import time

# Between two requests of a thread: all of them stay below the limit of requests in a second.
PAUSE = 0.01
over = threading.Event()
found: collections.Counter[str] = collections.Counter()


def connected(name: str) -> http.client.HTTPSConnection:
    """A connection to this host under the name of the portal."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(name, timeout=90)
    raw = socket.create_connection(("127.0.0.1", 443), timeout=90)
    connection.sock = context.wrap_socket(raw, server_hostname=name)
    return connection


def ask(name: str, method: str) -> None:
    """One request after the other; what is not an answer counts under its error."""
    path = {"GET": "/healthz", "POST": "/keys/add"}[method]
    body = b"label=x" if method == "POST" else None
    connection, is_new = connected(name), True
    while not over.wait(PAUSE):
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            answer.read()
            found[f"{method} {answer.status}"] += 1
            is_new = answer.will_close
        except (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError) as error:
            found[repr(error) if is_new else "closed"] += 1
            is_new = True
        except (OSError, http.client.HTTPException) as error:
            found[repr(error)] += 1
            is_new = True
        if is_new:
            connection = connected(name)


def main() -> None:
    """``load.py NAME COMMAND …``."""
    threads = [
        threading.Thread(target=ask, args=(sys.argv[1], ("GET", "POST")[at % 2])) for at in range(8)
    ]
    for one in threads:
        one.start()
    try:
        for at in range(20):
            subprocess.run(sys.argv[2:], check=True)
            time.sleep(0.5 * (at % 2))
        # Also the last of them is answered.
        time.sleep(1)
    finally:
        over.set()
    for one in threads:
        one.join()
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
