"""What a manifest says, in words for the person who syncs.

Standard library only, Python 3.9 or later.

status.py id TREE       the generation's name
status.py summary TREE  how much is in it; on stderr a line for each table that is not as it should
                        be, and exit 3 if one is not
"""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

__all__ = ["generation_id", "stale", "tables"]

GENERATION = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")


def generation_id(manifest: dict[str, Any]) -> str:
    """Its name, which is about to name a folder here; raises ``ValueError`` if it cannot."""
    name = manifest["generation"]
    if not isinstance(name, str) or not GENERATION.fullmatch(name):
        raise ValueError(f"no generation can have this name: {name!r}")
    return name


def tables(manifest: dict[str, Any]) -> str:
    """How much is in it."""
    rows = sum(table["rows"] for table in manifest["tables"])
    return f"{len(manifest['tables'])} tables, {rows:,} rows"


def stale(manifest: dict[str, Any], now: datetime) -> list[str]:
    """A sentence for each table that is not what its source has, or older than was promised."""
    told = (_trouble(table, now) for table in manifest["tables"])
    return [sentence for sentence in told if sentence]


def _trouble(table: dict[str, Any], now: datetime) -> str | None:
    name, as_of, promise = table["name"], table.get("as_of"), table.get("freshness_seconds")
    since = f"is of {as_of[:16].replace('T', ' ')} UTC" if as_of else "has never been loaded"
    if table["status"] not in ("ok", "empty"):
        return f"{name} {since}: {table.get('error') or table['status']}"
    if as_of and promise is not None and _instant(as_of) + timedelta(seconds=promise) < now:
        return f"{name} {since}, older than the {timedelta(seconds=promise)} promised"
    return None


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def main(verb: str, tree: str) -> int:
    """The command line."""
    manifest = json.loads((Path(tree) / "manifest.json").read_bytes())
    if verb == "id":
        sys.stdout.write(generation_id(manifest) + "\n")
        return 0
    sys.stdout.write(tables(manifest) + "\n")
    now = datetime.now(timezone.utc)  # noqa: UP017  datetime.UTC is newer than Python 3.9
    found = stale(manifest, now)
    sys.stderr.writelines(f"sync_data: {sentence}\n" for sentence in found)
    return 3 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"sync_data: {error}")
