"""Datasets that the analyst has switched off, removed from earlier generations as well."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

from ..errors import LaptopError
from ..files import write_atomic
from ..manifest import Manifest, TableEntry
from .generations import kept
from .workspace import CHOSEN, MANIFEST, Workspace, parse_manifest, read_bytes, read_tree

__all__ = ["remove_left_out"]


def remove_left_out(workspace: Workspace, without: Collection[str]) -> list[str]:
    """Leave nothing of these datasets in the generations that are kept, but are not in use.

    A table is of the dataset of which it is now, or was then. Returns a sentence for each
    generation that cannot be read.
    """
    current = workspace.tree()
    if not without or current is None:
        return []
    problems = []
    now = {entry.path for entry in _whole(current).tables if entry.dataset in without}
    for tree in kept(workspace):
        if tree.resolve() == current:
            continue
        try:
            tables = _whole(tree).tables
            gone = [one for one in tables if one.dataset in without or one.path in now]
            _remove(tree, [one for one in gone if _is_there(tree, one)])
        except LaptopError as error:
            problems.append(f"what is left out stays in generation {tree.name}: {error}")
    return problems


def _whole(tree: Path) -> Manifest:
    """With the tables that are not here, too."""
    return parse_manifest(read_bytes(tree / MANIFEST))


def _is_there(tree: Path, entry: TableEntry) -> bool:
    return any((tree / file.path).exists() for file in entry.all_files)


def _remove(tree: Path, gone: Collection[TableEntry]) -> None:
    """What a generation lists must be there, so the tables leave its list first."""
    if not gone:
        return
    paths = {entry.path for entry in gone}
    stay = sorted({entry.path for entry in read_tree(tree).tables} - paths)
    write_atomic(tree / CHOSEN, json.dumps(stay) + "\n", mode=0o444)
    for entry in gone:
        for file in entry.all_files:
            (tree / file.path).unlink(missing_ok=True)
