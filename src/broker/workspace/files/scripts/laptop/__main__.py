"""What ``sync_data.sh`` calls, as ``python3 -m laptop VERB ARGUMENT...``.

generation TREE        print the name of its generation
summary TREE           print how much is in it; on stderr a line for each table that is not as it
                       should be, and exit 3 if one is not
plan OFFERED TREE      print how much of the manifest in OFFERED is not in TREE yet
sizes TREE             exit 4 if a file is missing, of another size, or not in the manifest
files TREE             the same with hashes; print the path of the first, and how many there are
mend TREE              the same, and remove those files
views TREE DATABASE    make one view for each table
instructions TREE      print what a coding agent should know
show                   print what stands on stdin, on one line, with nothing in it that acts

Exit code 1: it failed, and one sentence on stderr says why.
"""

from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

from .duck import ViewsError
from .foreign.text import prose, shown
from .instructions import render
from .manifest import read_in
from .status import stale, summary
from .verify import amount_to_fetch, remove, wrong_files
from .views import rebuild

WRONG = 4


def main(verb: str, *arguments: str) -> int:
    """The command line."""
    if verb == "show":
        _say(prose(sys.stdin.buffer.read().decode(errors="replace"), 500))
        return 0
    places = [Path(argument) for argument in arguments]
    if verb in ("sizes", "files", "mend"):
        return _compare(verb, places[0])
    if verb == "summary":
        return _summary(places[0])
    if verb == "views":
        rebuild(*places)
    elif verb == "plan":
        _say(amount_to_fetch(*places))
    elif verb == "generation":
        _say(read_in(places[0]).generation)
    elif verb == "instructions":
        sys.stdout.write(render(read_in(places[0])))
    return 0


def _compare(verb: str, tree: Path) -> int:
    wrong = wrong_files(tree, sizes_only=verb == "sizes")
    if verb == "mend":
        remove(tree, wrong)
    if wrong and verb == "files":
        _say(f"{len(wrong)} files, {shown(wrong[0], 300)} among them")
    return WRONG if wrong else 0


def _summary(tree: Path) -> int:
    manifest = read_in(tree)
    _say(summary(manifest))
    now = datetime.now(timezone.utc)  # noqa: UP017  datetime.UTC is newer than Python 3.9
    found = stale(manifest, now)
    sys.stderr.writelines(f"sync_data: {sentence}\n" for sentence in found)
    return 3 if found else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        sys.exit(main(*sys.argv[1:]))
    except (OSError, ValueError, ViewsError) as error:
        sys.exit(f"sync_data: {shown(error, 2_000)}")
