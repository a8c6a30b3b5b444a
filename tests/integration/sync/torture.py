"""``make torture``: kill a sync a thousand times, and say what the readers saw."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .kills import kill_syncs


def main() -> None:
    """Ends with 1 if anything torn was seen; the seed repeats the kills."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        seen = kill_syncs(Path(root), arguments.kills, arguments.seed)
    sys.stdout.write(
        f"seed {arguments.seed}: {seen.kills} kills, {seen.finished} runs finished, "
        f"{seen.reads} reads and {seen.pulls} pulls of {len(seen.versions)} versions, "
        f"{len(seen.wrong)} wrong\n" + "".join(f"{wrong}\n" for wrong in seen.wrong[:20])
    )
    sys.exit(1 if seen.wrong else 0)


if __name__ == "__main__":
    main()
