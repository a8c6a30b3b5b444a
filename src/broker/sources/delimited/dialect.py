"""How the text of a table's files is to be read: declared, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ...config.columnformat import ColumnFormat
from ...config.csvdialect import CsvDialect, contradictions
from ...errors import ConfigError
from ..settings import checked

__all__ = ["Dialect", "dialect_from"]

_Escapes = Literal["quote", "any", "mysql", "postgres"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """The default is RFC 4180 in UTF-8 with a header.

    ``quote`` None means that quotes are ordinary characters. A quote inside a quoted field is
    doubled, or preceded by ``escape``; ``escapes`` says before what else that is special.
    ``is_header_sure``: a person, or a preset, says whether there is a header. ``columns`` names the
    columns, in place of the header; ``is_union`` lets the files of a table have different ones.
    ``has_dashes``: what is skipped after the header is a line of dashes, and nothing else.
    ``is_escape_sure``: a person, or a preset, says what stands before quotes inside values.
    ``escapes_own_ends``: of line ends in values, only those that end the file's rows are escaped.
    ``has_empty_parts``: of several files, some may be empty. ``null_values`` count without quotes.
    ``order`` is that of several files, ``formats`` those of columns, by name.
    """

    delimiter: str = ","
    quote: str | None = '"'
    escape: str | None = None
    escapes: _Escapes | None = None
    is_escape_sure: bool = False
    escapes_own_ends: bool = False
    header: bool = True
    is_header_sure: bool = False
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"
    null_values: tuple[str, ...] = ()
    empty_is_null: bool = True
    quoted_empty_is_null: bool = False
    separator_line: bool = False
    skip_rows: int = 0
    skip_after_header: int = 0
    has_dashes: bool = False
    has_empty_parts: bool = False
    footer: int | str | None = None
    fills_short_rows: bool = False
    trailing_delimiter: bool = False
    is_union: bool = False
    order: str | None = None
    formats: tuple[tuple[str, ColumnFormat], ...] = ()


def dialect_from(declared: Mapping[str, Any], where: str) -> Dialect:
    """The dialect that a table's ``csv:`` mapping declares; raises ``ConfigError``."""
    csv = checked(CsvDialect, declared, where, "csv")
    for error in contradictions(csv, "csv.{}".format, lambda _: where):
        raise error
    escape = csv.escape if csv.escape not in ("", csv.quote, '"') else None
    is_union = csv.header and csv.columns == ("union",)
    dialect = Dialect(
        delimiter=csv.delimiter,
        quote=csv.quote or None,
        escape=escape,
        escapes=(csv.escapes or ("quote" if csv.quote else "any")) if escape else None,
        is_escape_sure="escape" in csv.model_fields_set,
        escapes_own_ends=csv.dialect == csv.escapes == "mysql" and bool(escape) and not csv.quote,
        header=csv.header,
        is_header_sure="header" in csv.model_fields_set,
        columns=() if is_union else csv.columns,
        encoding="utf-8" if csv.encoding == "utf-8-sig" else csv.encoding,
        null_values=csv.null_values,
        empty_is_null=csv.empty == "null",
        quoted_empty_is_null=csv.quoted_empty == "null",
        separator_line=csv.separator_line,
        skip_rows=csv.skip_rows,
        skip_after_header=csv.skip_after_header,
        has_dashes=csv.dialect == "sqlcmd" and csv.skip_after_header == 1,
        has_empty_parts=csv.dialect == "spark",
        footer=csv.footer,
        fills_short_rows=csv.short_rows == "null",
        trailing_delimiter=csv.trailing_delimiter,
        is_union=is_union,
        order=csv.order,
        formats=tuple(csv.formats.items()),
    )
    if len({name.lower() for name in dialect.columns}) < len(dialect.columns):
        raise ConfigError("csv.columns names a column twice", where=where)
    return dialect
