"""Settings of systemd for single analysts, a link each: limits of the slice, no user units.

logind puts each login into ``user-UID.slice`` and starts ``user@UID.service``. A drop-in
for ``user-.slice`` would limit root and every administrator as well, so each analyst's slice
has a link of its own; and so has the manager of units of each one without a shell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...files import make_dir, replace_link

__all__ = ["LIMITS", "MASK", "UserLink"]


@dataclass(frozen=True, slots=True)
class UserLink:
    """A link below the folder of units, one for each uid; ``path`` has the uid as ``{}``."""

    path: str
    target: Path

    def read(self, units: Path) -> frozenset[int]:
        """The uids that have it."""
        found = set()
        name = re.compile(re.escape(self.path).replace(r"\{\}", "([0-9]{1,9})"))
        first, *rest = self.path.format("*").split("/")
        for link in (path.joinpath(*rest) for path in units.glob(first)):
            uid = name.fullmatch(str(link.relative_to(units)))
            if uid is not None and link.is_symlink() and link.readlink() == self.target:
                found.add(int(uid[1]))
        return frozenset(found)

    def place(self, units: Path, added: Iterable[int], removed: Iterable[int]) -> None:
        """Make the links of some uids, and remove those of others.

        systemd finds a new one when it next loads that unit (its search path is newer than its
        cache), so only a unit that is in use needs a reload.
        """
        for uid in added:
            link = units / self.path.format(uid)
            if link.parent != units:
                make_dir(link.parent, mode=0o755)
            replace_link(link, self.target, durable=False)
        for uid in removed:
            link = units / self.path.format(uid)
            for path in (link.with_name(f".{link.name}.new"), link):
                path.unlink(missing_ok=True)
            if link.parent != units:
                with suppress(OSError):  # another drop-in stands there
                    link.parent.rmdir()


# The target is written by the role `base`.
LIMITS = UserLink(
    "user-{}.slice.d/50-data-broker.conf", Path("../broker-analyst.slice.d/limits.conf")
)
MASK = UserLink("user@{}.service", Path("/dev/null"))
