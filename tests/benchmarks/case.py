"""One piece of work, in a process of its own: ``python -m tests.benchmarks.case NAME FOLDER``.

Only what the work itself needs is imported: its seconds begin with the process.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["case"]

# Those that import the least come first.
_MODULES = ("profiled", "metered", "engines", "published", "profiled_runs", "exported")


def case(name: str) -> Callable[..., None]:
    """The work of this name."""
    for module in _MODULES:
        found = importlib.import_module(f"{__package__}.{module}")
        if name in found.__all__:
            work: Callable[..., None] = getattr(found, name)
            return work
    raise SystemExit(f"{name} is not the name of a piece of work")


if __name__ == "__main__":
    case(sys.argv[1])(Path(sys.argv[2]), *map(int, sys.argv[3:]))
