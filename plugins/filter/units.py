"""Names of systemd units."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any


def mount_unit(path: str) -> str:
    """The name of the unit that mounts at a path: systemd.unit(5), string escaping."""
    parts = [part for part in path.split("/") if part]
    escaped = (re.sub(r"[^A-Za-z0-9:_.]", _escape, part) for part in parts)
    return "-".join(escaped) + ".mount"


def _escape(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in found[0].encode())


class FilterModule:
    """Names of the filters, as Ansible asks for them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Every public function here."""
        return {"mount_unit": mount_unit}
