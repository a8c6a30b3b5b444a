"""A table as a person names it on the command line."""

from __future__ import annotations

from pathlib import Path

from ..config import Description, TableDescription
from ..errors import ConfigError

__all__ = ["table_named"]


def table_named(description: Description, name: str, folder: Path) -> TableDescription:
    """The table of this id, ``folder/name`` or name; raises ``ConfigError`` if none is described.

    ``folder`` is where the description is from.
    """
    table = description.table(name)
    if table is None:
        raise ConfigError(
            "no such table is described",
            where=str(folder / "data_description.md"),
            found=name,
            remedy="`broker status` lists the tables.",
        )
    return table
