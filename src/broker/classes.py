"""Access classes: what all rooms agree on. Standard library only.

Each class is a Linux group and a folder of a generation's views, so its name fits both.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = [
    "AUDIENCES",
    "BUILT_IN_CLASSES",
    "BUILT_IN_VIEWS",
    "CATALOG",
    "CATALOG_GROUP",
    "CLASS_NAME",
    "CLASS_NAME_WORDS",
    "FIRST_PERSON_UID",
    "GROUP_NAME",
    "OPERATOR_GROUP",
    "PRIVATE",
    "PUBLIC",
    "RESERVED_NAMES",
    "SERVICE",
    "SHELL_GROUP",
    "SUDO_GROUP",
    "TREE",
    "VIEWS",
    "GroupRefusal",
    "group_of",
    "is_free",
    "refused_group",
    "view_path",
]

PUBLIC = "public"
SERVICE = "broker"  # the account that syncs and publishes: it reads every class
PRIVATE = "private"
BUILT_IN_CLASSES = (PUBLIC, PRIVATE)  # they exist whether or not an instance declares them
BUILT_IN_VIEWS = ((), (PRIVATE,))  # classes beside public, for which each generation has a view
AUDIENCES = "audiences.json"  # in a store: other sets of classes that have a view of their own
CATALOG = "catalog"  # in a store: the folder of all that the portal reads
VIEWS = "views"  # in a generation: the folder of all views
TREE = "tree"  # what a view shows, in the folder of its classes
CLASS_NAME = rf"(?!{TREE}$)[a-z][a-z0-9-]{{0,30}}"
CLASS_NAME_WORDS = f"1 to 31 of a-z, 0-9 and '-', beginning with a letter, and not '{TREE}'"
GROUP_NAME = r"[a-z_][a-z0-9_-]{0,31}"  # as shadow-utils accepts it
_GROUPS = {PUBLIC: "dataread", PRIVATE: "data-private"}

OPERATOR_GROUP = "data-ops"
CATALOG_GROUP = "data-catalog"  # of the portal: it reads catalogs, and no data
SHELL_GROUP = "data-shell"  # of analysts with a shell
SUDO_GROUP = "data-sudo"  # of operators who may become root
_OWN_GROUPS = frozenset({SERVICE, OPERATOR_GROUP, CATALOG_GROUP, SHELL_GROUP, SUDO_GROUP})
# Users and groups of Debian's base-passwd, then what this product and its packages bring.
_NAMES = """
root daemon bin sys sync games man lp mail news uucp proxy www-data backup list irc gnats
nobody adm tty disk kmem dialout fax voice cdrom floppy tape sudo audio dip operator src shadow
utmp video sasl plugdev staff users nogroup input kvm render sgx crontab netdev
messagebus polkitd sshd ssh nginx rsync admin wheel docker podman lxd incus libvirt wireshark
"""
FIRST_PERSON_UID = 1000  # Debian's UID_MIN; lower ones are the system's
RESERVED_NAMES = frozenset(_NAMES.split())
_RESERVED_STARTS = ("broker-", "systemd-")


@dataclass(frozen=True, slots=True)
class GroupRefusal:
    """Why a class may not have its group: the parts of an error."""

    message: str
    expected: str | None = None
    remedy: str | None = None


def group_of(name: str, declared: str | None = None) -> str:
    """The Linux group of a class: the declared one, else ``dataread`` or ``data-NAME``."""
    return declared or _GROUPS.get(name, f"data-{name}")


def view_path(classes: Iterable[str]) -> str:
    """Where a generation has the view for these classes beside public, which are sorted."""
    return "/".join((VIEWS, *classes, TREE))


def is_free(group: str) -> bool:
    """Whether a class may have this group: one that is neither the system's nor the broker's."""
    is_reserved = group in _OWN_GROUPS | RESERVED_NAMES or group.startswith(_RESERVED_STARTS)
    return not is_reserved and re.fullmatch(GROUP_NAME, group) is not None


def refused_group(name: str, groups: Mapping[str, str]) -> GroupRefusal | None:
    """Why a class may not have the group that ``groups``, of every class by name, gives it.

    Of two classes with one group the later is refused. Limits, logins and the bus of a host go by
    the group of ``public``, so it is always the same.
    """
    group = groups[name]
    if name == PUBLIC and group != group_of(PUBLIC):
        return GroupRefusal(
            "the class public cannot have another group",
            f"{group_of(PUBLIC)}, the group of every analyst",
            "Leave its group out.",
        )
    for other, taken in groups.items():
        if other == name:
            break
        if taken == group:
            message = f"the classes {name} and {other} have the same group"
            return GroupRefusal(message, remedy="Give each class a group of its own.")
    if not is_free(group):
        return GroupRefusal(
            f"this cannot be the group of the class {name}",
            "a group that is neither the system's nor the broker's own",
        )
    return None
