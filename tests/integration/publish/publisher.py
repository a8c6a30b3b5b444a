"""A publisher as a process of its own: ``python -m … ROOT JSON``, driven by the tests.

JSON: ``groups`` (class to group id), ``operators``, ``uid``, ``gid``, ``member_of``, ``rounds``
(0: until killed). Prints a line per generation, then the defects of ``verify``.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from broker.publish import Store
from tests.unit.publish.making import entry, publish

TABLES = {
    entry("orders"): 300,
    entry("customers"): 20,
    entry("salaries", "private", "hr"): 10,
    entry("ledger", "finance", "books"): 10,
    entry("margins", "finance"): 5,
}


def main() -> None:
    """Publish generations whose every row says which one it is."""
    root, options = Path(sys.argv[1]), json.loads(sys.argv[2])
    if "uid" in options:
        with TemporaryDirectory() as folder:  # imports all that the user could not read
            warm = Store(Path(folder) / "data", reserve_bytes=0)
            publish(warm, TABLES)
            publish(warm, TABLES)
            warm.verify()
        os.setgroups(options["member_of"])
        os.setgid(options["gid"])
        os.setuid(options["uid"])
    os.umask(0o077)
    store = Store(root, options.get("groups"), operators=options.get("operators"), reserve_bytes=0)
    rounds, done = options["rounds"], 0
    while not rounds or done < rounds:
        done += 1
        made = publish(store, TABLES, f"{os.getpid()}-{done}")
        sys.stdout.write(f"{made.id}\n")
        sys.stdout.flush()
    store.expose([["finance"], ["finance", "private"]])
    sys.stdout.write(json.dumps([str(defect) for defect in store.verify()]))


if __name__ == "__main__":
    main()
