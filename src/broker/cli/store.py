"""Opening the store as the instance says who may read what."""

from __future__ import annotations

import grp
import os
from pathlib import Path

from ..classes import CATALOG_GROUP, OPERATOR_GROUP
from ..config import Instance
from ..errors import ConfigError, PublishError
from ..manifest import TableEntry
from ..publish import Generation, Store
from .options import signing_key

__all__ = ["open_store", "table_of"]


def open_store(instance: Instance | None, data: Path) -> Store:
    """The store below ``data``; without an instance, or without classes, as the caller's own."""
    if instance is None or not instance.access_classes:
        return Store(data, None, signing_key())
    groups = {name: _gid(instance.group_of(name) or name, name) for name in instance.class_names}
    operators = _gid(OPERATOR_GROUP, "operators")
    return Store(data, groups, signing_key(), operators=operators, catalog=_catalog_gid(data))


def table_of(generation: Generation, table: str) -> TableEntry:
    """The entry of a table by its id or folder/name; raises ``PublishError``."""
    for entry in generation.manifest.tables:
        if table in (entry.id, entry.path):
            return entry
    raise PublishError(
        "no such table in this generation",
        where=generation.id,
        found=table,
        remedy="`broker status` lists the tables.",
    )


def _catalog_gid(data: Path) -> int | None:
    """The group of who serves catalogs; None where this host has none, or who publishes here is
    not a member yet: a service that began before a deploy made it so."""
    try:
        gid = grp.getgrnam(CATALOG_GROUP).gr_gid
    except KeyError:
        return None
    is_member = os.geteuid() == 0 or gid in {os.getegid(), *os.getgroups()}
    publishes = not data.exists() or data.stat().st_uid == os.geteuid()
    return gid if is_member or not publishes else None


def _gid(group: str, access: str) -> int:
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigError(
            f"access class {access} has no group on this machine",
            where="instance.yaml, access_classes",
            expected=f"a group {group}",
            remedy="Deploy with site.yml, or leave access_classes out where there are no analysts.",
        ) from None
