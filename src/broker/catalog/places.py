"""Where the catalogs stand in a store: a folder per generation, and in it one per audience."""

from __future__ import annotations

__all__ = ["INDEX", "OPERATORS", "STANDING", "details_path", "keys_path"]

INDEX = "catalog.json"  # in the folder of an audience
OPERATORS = "operators"  # in the folder of a generation: what admins of the portal see
STANDING = "operators.json"


def details_path(table: str) -> str:
    """Where the page of a table stands in the folder of an audience, by the table's path."""
    return f"tables/{table}.json"


def keys_path(access: str) -> str:
    """Where the keys of held rows of a class stand in the folder of operators."""
    return f"held/{access}.json"
