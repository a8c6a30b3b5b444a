"""How the text of a table's files is to be read: declared, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...config.description import CsvDialect
from ...errors import ConfigError
from ..settings import checked

__all__ = ["Dialect", "dialect_from"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The default is RFC 4180 in UTF-8 with a header.

    ``quote`` None means that quotes are ordinary characters. A quote inside a quoted field is
    doubled, or preceded by ``escape``. ``columns`` names the columns, in place of the header.
    """

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    header: bool = True
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"


def dialect_from(declared: Mapping[str, Any], where: str) -> Dialect:
    """The dialect that a table's ``csv:`` mapping declares; raises ``ConfigError``."""
    csv = checked(CsvDialect, declared, where, "csv")
    dialect = Dialect(
        delimiter=csv.delimiter,
        quote=csv.quote or None,
        escape=csv.escape if csv.escape not in ("", csv.quote, '"') else None,
        header=csv.header,
        columns=csv.columns,
        encoding="utf-8" if csv.encoding == "utf-8-sig" else csv.encoding,
    )
    _refuse_marks(dialect, where)
    _refuse_columns(dialect, where)
    return dialect


def _refuse_marks(dialect: Dialect, where: str) -> None:
    marks = {name: getattr(dialect, name) for name in ("delimiter", "quote", "escape")}
    for name, mark in marks.items():
        if mark and (not mark.isascii() or mark.isalnum() or mark == "\0"):
            raise ConfigError(
                f"csv.{name} is wrong",
                where=where,
                expected="one ASCII character other than a letter or digit",
                found=repr(mark),
            )
    used = [mark for mark in marks.values() if mark]
    if len(set(used)) < len(used):
        raise ConfigError("csv.delimiter, csv.quote and csv.escape must differ", where=where)


def _refuse_columns(dialect: Dialect, where: str) -> None:
    if not dialect.header and not dialect.columns:
        raise ConfigError(
            "csv.columns is missing",
            where=where,
            expected="the names of the columns, because csv.header is false",
        )
    if len({name.lower() for name in dialect.columns}) < len(dialect.columns):
        raise ConfigError("csv.columns names a column twice", where=where)
