"""Reading catalogs, as the portal does: no link is followed, and nothing but catalogs is opened.

Small on purpose: it loads no DuckDB, no Arrow, no source and no configuration.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from ..beneath import read_file
from ..classes import CATALOG, CLASS_NAME
from ..errors import CatalogError
from ..foreign.paths import is_generation, is_path
from ..manifest import Audience
from .model import CatalogIndex, CatalogTable, TableDetails
from .places import INDEX, OPERATORS, STANDING, details_path, keys_path
from .standing import HeldKeys, OperatorsIndex
from .written import details_from_json, index_from_json, keys_from_json, operators_from_json

__all__ = [
    "current_generation",
    "read_held_keys",
    "read_index",
    "read_operators",
    "read_table",
]

_CURRENT = "current"


def current_generation(store: Path) -> str:
    """The id of the generation that is published now; raises ``CatalogError`` without one."""
    try:
        target = (store / _CURRENT).readlink()
    except FileNotFoundError as error:
        raise CatalogError(
            "nothing was published yet", where=str(store), remedy="Run `broker sync` first."
        ) from error
    except OSError as error:
        raise _refused(str(store / _CURRENT), error) from error
    if not is_generation(target.name):
        raise CatalogError(
            "the pointer to the current generation leads elsewhere",
            where=str(store / _CURRENT),
            found=str(target),
            remedy="Run `broker rollback GENERATION`.",
        )
    return target.name


def read_index(store: Path, audience: Audience, generation: str | None = None) -> CatalogIndex:
    """What an audience may know of a generation, by default of the current one.

    Raises ``CatalogError`` where the generation or the audience has no catalog, or it is damaged.
    """
    generation = _checked(generation) if generation is not None else current_generation(store)
    path = f"{CATALOG}/{generation}/{audience.path}/{INDEX}"
    content = _content(store, path)
    if content is None:
        raise _missing(store, audience, generation)
    index = index_from_json(content, where=str(store / path))
    if index.generation != generation or index.classes != audience.names:
        raise _damaged(str(store / path), "the catalog of another generation or audience")
    return index


def read_table(store: Path, audience: Audience, index: CatalogIndex, path: str) -> TableDetails:
    """The details of a table that ``index``, of this audience, has at ``path`` (folder/name).

    Raises ``CatalogError``; a table that the audience may not know is one that is not there.
    """
    known = index.table(path) if is_path(path) else None
    if known is None:
        raise CatalogError("there is no such table", found=path)
    name = f"{CATALOG}/{_checked(index.generation)}/{audience.path}/{details_path(path)}"
    content = _content(store, name)
    if content is None:
        raise _damaged(str(store / name), "no file")
    return _details(content, known, str(store / name))


def read_operators(store: Path, generation: str | None = None) -> OperatorsIndex:
    """How all tables of a generation stand: for admins alone. Raises as ``read_index`` does."""
    generation = _checked(generation) if generation is not None else current_generation(store)
    path = f"{CATALOG}/{generation}/{OPERATORS}/{STANDING}"
    content = _content(store, path)
    if content is None:
        raise _without_catalog(store, generation)
    return operators_from_json(content, where=str(store / path))


def read_held_keys(store: Path, access: str, generation: str | None = None) -> HeldKeys:
    """Keys of rows that held tables of a class would lose: for those who may read that class.

    None of them where no table of the class is held. Raises ``CatalogError``.
    """
    if not re.fullmatch(CLASS_NAME, access):
        raise CatalogError("there is no such access class", found=access)
    generation = _checked(generation) if generation is not None else current_generation(store)
    path = f"{CATALOG}/{generation}/{OPERATORS}/{keys_path(access)}"
    content = _content(store, path)
    if content is None:
        return HeldKeys(access)
    return keys_from_json(content, where=str(store / path))


def _details(content: bytes, known: CatalogTable, where: str) -> TableDetails:
    if hashlib.sha256(content).hexdigest() != known.sha256:
        raise _damaged(where, "other content than was published")
    details = details_from_json(content, where=where)
    if details.path != known.path:
        raise _damaged(where, "the details of another table")
    return details


def _checked(generation: str) -> str:
    if not is_generation(generation):
        raise CatalogError("there is no such generation", found=generation)
    return generation


def _content(store: Path, path: str) -> bytes | None:
    """None where there is no such file."""
    try:
        return read_file(store, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused(str(store / path), error) from error


def _missing(store: Path, audience: Audience, generation: str) -> CatalogError:
    """Which of the two is not there: the catalog of the generation, or that of the audience."""
    if not (store / CATALOG / generation).is_dir():
        return _without_catalog(store, generation)
    return CatalogError(
        "these classes have no catalog yet",
        where=generation,
        found=", ".join(audience.names),
        remedy=f"Run `broker expose {','.join(audience.classes)}`."
        if audience.classes
        else "Run the sync again.",
    )


def _without_catalog(store: Path, generation: str) -> CatalogError:
    if not (store / "generations" / generation).exists():
        return CatalogError("there is no such generation", where=str(store), found=generation)
    return CatalogError(
        "this generation has no catalog",
        where=generation,
        expected="a generation of this release",
        remedy="Run the sync: the next generation has one.",
    )


def _damaged(where: str, found: str) -> CatalogError:
    return CatalogError(
        "a file of the catalog is damaged",
        where=where,
        found=found,
        remedy="Run the sync again: each generation gets a new catalog.",
    )


def _refused(where: str, error: OSError) -> CatalogError:
    return CatalogError(
        "the catalog cannot be opened",
        where=where,
        found=error.strerror,
        remedy="`broker verify` checks the modes and groups of the store.",
    )
