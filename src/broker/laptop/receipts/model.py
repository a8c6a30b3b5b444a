"""A receipt as it stands in a file. Shapes only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError

from ...errors import LaptopError
from ...foreign.strict_json import parse_json
from ...foreign.text import escape_json
from ...manifest import TableEntry

__all__ = ["MOST_BYTES", "Receipt", "ReceiptColumn", "ReceiptFile", "ReceiptTable"]

MOST_BYTES = 16 * 1024**2
_FORMAT = 1
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Limit = Annotated[int, Field(ge=1, le=2**53)]


@dataclass(frozen=True, slots=True)
class ReceiptFile:
    """A file that was read: its path in the generation, and its SHA-256."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ReceiptTable:
    """A table that was read, by the name of its view and its path in the generation."""

    name: str
    path: str
    files: tuple[ReceiptFile, ...]

    @classmethod
    def of(cls, name: str, entry: TableEntry) -> ReceiptTable:
        """The table as a manifest has it."""
        files = (ReceiptFile(file.path, file.sha256) for file in entry.files)
        return cls(name, entry.path, tuple(sorted(files, key=lambda file: file.path)))


@dataclass(frozen=True, slots=True)
class ReceiptColumn:
    """A column of the answer."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """``sha256`` covers columns and rows in the order of the answer, or sorted where the query
    does not order them; ``sorted_sha256`` always sorted. ``rows`` has the beginning of each row's
    own hash in that order, or is None where there are too many.

    ``changing`` names functions whose values change with time or chance, so that the same is not
    expected to come back.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    created_at: AwareDatetime
    generation: str
    manifest_sha256: str
    duckdb: str
    sql: str
    parameters: dict[str, str]
    tables: tuple[ReceiptTable, ...]
    columns: tuple[ReceiptColumn, ...]
    row_count: _Count
    is_ordered: bool
    sha256: str
    sorted_sha256: str
    rows: tuple[str, ...] | None
    row_limit: _Limit
    character_limit: _Limit
    cut: str | None
    changing: tuple[str, ...]
    format: int = _FORMAT

    def to_json(self) -> bytes:
        """Its bytes."""
        written: str = _ADAPTER.dump_json(self, indent=1).decode()
        return (escape_json(written) + "\n").encode()

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> Receipt:
        """Read it back; raises ``LaptopError`` for what this program cannot have written."""
        try:
            plain = parse_json(content)
            receipt: Receipt = _ADAPTER.validate_json(content, strict=True)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise _not_a_receipt(where, f"{place}: {first['msg']}") from error
        except ValueError as error:
            raise _not_a_receipt(where, str(error)) from error
        if plain.get("format") != _FORMAT:
            raise _not_a_receipt(where, f"format {receipt.format}, of a newer program")
        return receipt


def _not_a_receipt(where: str, found: str) -> LaptopError:
    return LaptopError(
        "the file is not a receipt that can be read",
        where=where,
        expected="what sql --receipt wrote",
        found=found,
    )


_ADAPTER: Any = TypeAdapter(Receipt)
