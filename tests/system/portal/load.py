"""On a host: requests to the portal in eight threads while a unit is restarted 20 times or
reloaded.

Prints how often each answer came, as JSON. A connection that was used before and is closed without
an answer counts as `closed`, and its request is made again, as browsers do. Standard library only.
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


def ask(name: str) -> None:
    """One request after the other; what is not an answer counts under its error."""
    connection, is_new = connected(name), True
    while not over.is_set():
        try:
            connection.request("GET", "/healthz")
            answer = connection.getresponse()
            answer.read()
            found[str(answer.status)] += 1
            is_new = answer.will_close
        except (http.client.RemoteDisconnected, ConnectionError) as error:
            found[repr(error) if is_new else "closed"] += 1
            is_new = True
        except (OSError, http.client.HTTPException) as error:
            found[repr(error)] += 1
            is_new = True
        if is_new:
            connection = connected(name)


def main() -> None:
    """``load.py NAME restart|reload UNIT``."""
    threads = [threading.Thread(target=ask, args=(sys.argv[1],)) for _ in range(8)]
    for one in threads:
        one.start()
    for _ in range(20):
        subprocess.run(["systemctl", *sys.argv[2:]], check=True)
        time.sleep(0.2)
    over.set()
    for one in threads:
        one.join()
    print(json.dumps(found))  # noqa: T201


if __name__ == "__main__":
    main()
