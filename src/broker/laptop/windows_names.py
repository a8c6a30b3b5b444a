"""Names of files that Windows cannot have, or takes for others. Pure.

Source: "Naming Files, Paths, and Namespaces" of Microsoft's documentation of Win32.
"""

from __future__ import annotations

import re

from ..errors import LaptopError
from ..manifest import Manifest

__all__ = ["check_names", "unusable"]

_DEVICE = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\..*)?", re.IGNORECASE
)
_FORBIDDEN = '<>:"|?*\\'


def unusable(path: str) -> str | None:
    """Why a path, its names between slashes, cannot stand on Windows; None where it can."""
    for name in path.split("/"):
        if _DEVICE.fullmatch(name):
            return f"{name} is the name of a device there"
        forbidden = next((c for c in name if c in _FORBIDDEN or c < " "), None)
        if forbidden is not None:
            return f"names cannot have {forbidden!r} there"
        if name.endswith((".", " ")):
            return f"names cannot end with {name[-1]!r} there"
    return None


def check_names(manifest: Manifest) -> None:
    """Raise ``LaptopError`` for a generation of which Windows cannot hold each file."""
    seen: dict[str, str] = {}
    for path in (file.path for file in manifest.listed):
        why = unusable(path)
        twin = seen.setdefault(path.casefold(), path)
        if why is None and twin != path:
            why = f"it is the same name as {twin} there"
        if why is not None:
            raise LaptopError(
                f"Windows cannot hold a file of this name: {why}",
                where=path,
                remedy="Nothing was changed here. Ask the broker's operator for another name.",
            )
