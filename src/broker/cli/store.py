"""Opening the store as the instance says who may read what."""

from __future__ import annotations

import grp
from pathlib import Path

from ..classes import OPERATOR_GROUP
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
    return Store(data, groups, signing_key(), operators=_gid(OPERATOR_GROUP, "operators"))


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
