"""The source ``csv``: each table is a file, or the files of a folder."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import urlsplit

import pyarrow as pa
from pydantic import Field

from ...config.problems import did_you_mean
from ...config.values import Section, Text, is_safe_name
from ...errors import ConfigError, SourceError
from ...tables.schema import Column, TableSchema
from ..contract import Location, SourceTable, TableRequest, Window
from ..delimited.dialect import dialect_from
from ..delimited.filenames import input_stem, is_never_data
from ..delimited.inputs import Inputs, table_name, text_bytes, version
from ..delimited.reading import DelimitedReading
from ..delimited.table import TableFiles
from ..filters import RowFilter, condition
from ..settings import checked
from .folder import Folder, split
from .remote import Remote, is_remote, shown_url

__all__ = ["CsvSource", "Settings"]


class Settings(Section):
    """``data_source: {type: csv, …}`` of ``instance.yaml``."""

    path: Text = Field(description="Folder of the tables, or an https:// or s3:// location.")
    storage: dict[str, Any] = Field(
        default={}, description="Options of a remote location, such as endpoint_url, key, secret."
    )


class CsvSource:
    """Opens no file before it is asked for a table; may be used by several threads."""

    Settings = Settings

    def __init__(self, settings: Mapping[str, Any], config_dir: Path) -> None:
        """A relative path is relative to ``config_dir``; raises ``ConfigError``."""
        own = {key: value for key, value in settings.items() if key != "type"}
        self._settings = checked(Settings, own, "data_source")
        self._config_dir = config_dir.absolute()

    def discover(self) -> Iterator[SourceTable]:
        """Every table that lies in the folder, read as if its dialect were the default."""
        for request in self.requests():
            yield self.describe(request)

    def requests(self) -> Iterator[TableRequest]:
        """A request for every table that lies in the folder."""
        for name, file in self._place(self._settings.path).tables().items():
            is_plain = is_safe_name(name) and "." not in name
            table_id = name if is_plain else re.sub(r"\W+", "_", name)
            yield TableRequest(table_id, options={} if is_plain else {"file": file})

    def describe(self, table: TableRequest) -> SourceTable:
        """The columns, by the header of the first file; a CSV file knows no types and no key."""
        files = self.files(table)
        inputs = files.find()
        names = files.names()
        _refuse_absent_key(table, names, files)
        _refuse_unknown_formats(table, names, files)
        wanted = _wanted(table, table.columns, names, files)
        schema = TableSchema(tuple(Column(name) for name in wanted))
        return SourceTable(
            table.id,
            schema,
            table.primary_key,
            bytes=text_bytes(inputs),
            version=version(inputs, datetime.now(UTC)),
        )

    def read(self, table: TableRequest, window: Window) -> DelimitedReading:
        """The rows of a window: all of them, unless it bounds a column."""
        return self._reading(table, table.columns, window)

    def read_keys(self, table: TableRequest) -> DelimitedReading:
        """The key columns of all rows."""
        if not table.primary_key:
            raise ConfigError("there is no primary_key to read", where=f"table {table.id}")
        return self._reading(table, table.primary_key, Window())

    def files(self, table: TableRequest) -> TableFiles:
        """Where a table lies and how it is written, by its description."""
        declared = dict(table.options)
        file = declared.pop("file", None)
        dialect = dialect_from(declared, f"table {table.id}")
        if not file:
            name = table_name(table.id)
            place = self._place(self._settings.path)
            return TableFiles(place, name, None, dialect, spelling=_spelling(table))
        _refuse_unfinished(file, table.id)
        base, below = self._located(file)
        place, path = self._place(base), base if is_remote(base) else str(self._config_dir / base)
        return TableFiles(
            place,
            "",
            below,
            dialect,
            base=None if table.columns else path,
            spelling=_spelling(table),
        )

    def location(self, table: TableRequest) -> Location:
        """The path without the ending: of one name, only one file or folder may lie there."""
        file = table.options.get("file") or table_name(table.id)
        top = self._settings.path
        top = top if is_remote(top) else str(self._config_dir / top)
        outside = is_remote(file) or Path(file).expanduser().is_absolute()
        whole = _plain(file if outside else f"{top}/{file}")
        return Location(f"csv {whole}", whole if outside else _plain(file))

    def _located(self, file: str) -> tuple[str, str]:
        """The folder or location that ``file:`` is below, and the path from there."""
        if is_remote(file):
            base, _, last = file.rpartition("/")
            return base, last
        if is_remote(self._settings.path):
            return self._settings.path, file
        return split(file, self._settings.path)

    def _place(self, path: str) -> Inputs:
        if not is_remote(path):
            return Folder(self._config_dir / path)
        # Credentials of one kind of storage are not shown to another.
        is_same = path.partition("://")[0] == self._settings.path.partition("://")[0]
        return Remote(path, self._settings.storage if is_same else {})

    def _reading(
        self, table: TableRequest, columns: tuple[str, ...], window: Window
    ) -> DelimitedReading:
        files = self.files(table)
        names = files.names()
        wanted = condition(table, window, names)
        schema = pa.schema([(name, pa.string()) for name in names])
        return DelimitedReading(
            files,
            names,
            _wanted(table, columns, names, files),
            table.null_values,
            RowFilter(wanted, schema, table.id) if wanted else None,
        )


def _spelling(table: TableRequest) -> dict[str, str]:
    """Names that a description writes otherwise than in composed letters, by these."""
    formats: Mapping[str, Any] = table.options.get("formats", {})
    names = {*table.columns, *table.primary_key, *table.types, *formats}
    return {composed: name for name in names if (composed := normalize("NFC", name)) != name}


def _refuse_unfinished(file: str, table_id: str) -> None:
    name = Path(urlsplit(file).path if is_remote(file) else file).name
    if is_never_data(name):
        raise ConfigError(
            "file names a hidden or unfinished file, which is never data",
            where=f"table {table_id}",
            expected="a name that does not begin with '.' or '~' or end in .part, .tmp or the like",
            found=name,
            remedy="Deliver the file under another name, renamed when it is whole.",
        )


def _plain(path: str) -> str:
    """A path in its shortest form, without ending; a URL without login and signature."""
    if is_remote(path):
        scheme, _, path = shown_url(path).partition("://")
        return f"{scheme}:{_plain('/' + path)}"
    path = posixpath.normpath(str(Path(path).expanduser()))
    folder, slash, name = path.rpartition("/")
    # A pattern may match endings too: salaries.* is of the same files as salaries*.
    stem = input_stem(name) or re.sub(r"\.[^.]*[*?\[].*", "*", name)
    return f"{folder}{slash}{stem}"


def _wanted(
    table: TableRequest, columns: tuple[str, ...], names: tuple[str, ...], files: TableFiles
) -> tuple[str, ...]:
    for column in columns:
        if column not in names:
            first = files.find()[0]
            remedy = files.advice(first) or did_you_mean(column, names)
            raise _absent(table, column, names, remedy)
    return columns or names


def _refuse_absent_key(table: TableRequest, names: tuple[str, ...], files: TableFiles) -> None:
    """Where the key is not there because the declaration is wrong, say which would be right."""
    for column in table.primary_key:
        if column not in names and (remedy := files.advice(files.find()[0])):
            raise _absent(table, column, names, remedy)


def _refuse_unknown_formats(table: TableRequest, names: tuple[str, ...], files: TableFiles) -> None:
    for column, _ in files.dialect.formats:
        if column not in names:
            raise _absent(table, column, names, did_you_mean(column, names))


def _absent(
    table: TableRequest, column: str, names: tuple[str, ...], remedy: str | None
) -> SourceError:
    return SourceError(
        f"there is no column '{column}'",
        where=f"table {table.id}",
        found=", ".join(names),
        remedy=remedy,
    )
