"""rsync's filter rules for exactly the files that are wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

__all__ = ["pattern", "rules"]


def rules(wanted: Collection[str], listed: Iterable[str] = ()) -> list[str]:
    """Lines for ``--include-from``; what they do not name is left out by an ``--exclude=*``.

    ``listed`` are all files that are known to stand there. A folder of which each of them is wanted
    takes one rule, since rsync holds every file against every rule.
    """
    missing = {
        str(folder)
        for path in listed
        if path not in wanted
        for folder in PurePosixPath(path).parents
    }
    is_known = {str(folder) for path in listed for folder in PurePosixPath(path).parents} - missing
    lines: dict[str, None] = {}
    for path in sorted(wanted):
        for folder in [str(parent) for parent in reversed(PurePosixPath(path).parents)][1:]:
            lines[f"/{pattern(folder)}/"] = None
            if folder in is_known:
                lines[f"/{pattern(folder)}/**"] = None
                break
        else:
            lines[f"/{pattern(path)}"] = None
    return list(lines)


def pattern(path: str) -> str:
    """What stands for exactly this path.

    A class of one character is that character, also where no other wildcard is in the pattern.
    """
    return re.sub(r"[*?\[]", lambda found: f"[{found[0]}]", path)
