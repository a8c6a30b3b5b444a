"""Access classes: what all rooms agree on. Standard library only.

Each class is a Linux group and a folder of a generation's views, so its name fits both.
"""

from __future__ import annotations

__all__ = [
    "CLASS_NAME",
    "GROUP_NAME",
    "PRIVATE",
    "PUBLIC",
    "STANDING_CLASSES",
    "STANDING_VIEWS",
    "group_of",
]

PUBLIC = "public"
PRIVATE = "private"
STANDING_CLASSES = (PUBLIC, PRIVATE)  # they exist whether or not an instance declares them
STANDING_VIEWS = ((), (PRIVATE,))  # classes beside public, for which each generation has a view
CLASS_NAME = r"(?!tree$)[a-z][a-z0-9-]{0,30}"  # "tree" is a folder of the views
GROUP_NAME = r"[a-z_][a-z0-9_-]{0,31}"  # as shadow-utils accepts it
_GROUPS = {PUBLIC: "dataread", PRIVATE: "data-private"}


def group_of(name: str, declared: str | None = None) -> str:
    """The Linux group of a class: the declared one, else ``dataread`` or ``data-NAME``."""
    return declared or _GROUPS.get(name, f"data-{name}")
