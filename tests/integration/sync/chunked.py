"""An initial load in chunks, as a process: ``python -m … ROOT CHUNK``.

Reports the start of each window that it reads, and kills itself in the middle of number CHUNK.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

from .feigned import START, Feign, Feigned

__all__ = ["DAYS", "TABLE", "broker"]

DAYS, TABLE = 50, "s.t"
DESCRIPTION = """
  - {id: s.t, primary_key: id, sync_strategy: incremental, incremental_column: moment,
     max_history_days: 50, initial_load_chunk_days: 10, partition_by: moment}
  - {id: s.u, primary_key: id}
"""


def broker(root: Path) -> Feign:
    """A source whose rows are spread evenly over the history."""
    source, other = Feigned("id BIGINT, moment TIMESTAMPTZ"), Feigned("id BIGINT")
    source.do(
        f"INSERT INTO source SELECT d, TIMESTAMPTZ '{START.isoformat()}' + to_days(CAST(d AS INT)),"
        f" TIMESTAMPTZ '{START.isoformat()}' FROM range({DAYS}) AS t(d)"
    )
    source.now = START + timedelta(days=DAYS)
    other.put(1)
    return Feign(root, {TABLE: source, "s.u": other}, DESCRIPTION)


def main() -> None:
    """Sync once."""
    root, doomed = Path(sys.argv[1]), int(sys.argv[2])
    made = broker(root)
    source = made.sources[TABLE]

    def on_batch(number: int) -> None:
        if number == 0:
            since = source.windows[-1].since
            sys.stdout.write(f"{since and since.date()}\n")
            sys.stdout.flush()
        elif len(source.windows) == doomed:
            os.kill(os.getpid(), signal.SIGKILL)

    source.on_batch = on_batch
    made.sync()


if __name__ == "__main__":
    main()
