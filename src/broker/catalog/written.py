"""Files of a catalog as bytes and back."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from ..errors import CatalogError
from ..foreign.text import escape_json
from .model import FORMAT, CatalogIndex, TableDetails
from .standing import HeldKeys, OperatorsIndex

__all__ = [
    "details_from_json",
    "index_from_json",
    "keys_from_json",
    "operators_from_json",
    "to_json",
]

_File = TypeVar("_File")
_INDEX = TypeAdapter(CatalogIndex)
_DETAILS = TypeAdapter(TableDetails)
_OPERATORS = TypeAdapter(OperatorsIndex)
_KEYS = TypeAdapter(HeldKeys)
_ADAPTERS: dict[type, TypeAdapter[Any]] = {
    CatalogIndex: _INDEX,
    TableDetails: _DETAILS,
    OperatorsIndex: _OPERATORS,
    HeldKeys: _KEYS,
}
_FORMAT_OF = re.compile(rb'"format"\s*:\s*([0-9]{1,6})\s*}\s*$')


def to_json(file: CatalogIndex | TableDetails | OperatorsIndex | HeldKeys) -> bytes:
    """Stable bytes; letters of every language stand as they are, and nothing that acts."""
    written: bytes = _ADAPTERS[type(file)].dump_json(file)
    return (escape_json(written.decode()) + "\n").encode()


def index_from_json(content: bytes, *, where: str) -> CatalogIndex:
    """Read it back; raises ``CatalogError`` for anything that a broker cannot have written."""
    return _read(_INDEX, content, where)


def details_from_json(content: bytes, *, where: str) -> TableDetails:
    """The same of the details of a table."""
    return _read(_DETAILS, content, where)


def operators_from_json(content: bytes, *, where: str) -> OperatorsIndex:
    """The same of what operators see."""
    return _read(_OPERATORS, content, where)


def keys_from_json(content: bytes, *, where: str) -> HeldKeys:
    """The same of the keys of held rows."""
    return _read(_KEYS, content, where)


def _read(adapter: TypeAdapter[_File], content: bytes, where: str) -> _File:
    newer = _FORMAT_OF.search(content[-100:])
    if newer is not None and int(newer[1]) > FORMAT:
        raise CatalogError(
            "the catalog was written by a newer broker",
            where=where,
            expected=f"format {FORMAT} or older",
            found=f"format {int(newer[1])}",
            remedy="Restart the portal with the release that syncs.",
        )
    try:
        return adapter.validate_json(content, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise CatalogError(
            "a file of the catalog is damaged",
            where=where,
            found=f"{place}: {first['msg']}" if place else first["msg"],
            remedy="Run the sync again: each generation gets a new catalog.",
        ) from error
