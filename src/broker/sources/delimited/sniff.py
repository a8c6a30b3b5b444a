"""A first guess at a file's dialect, for a person to confirm. Syncs never guess."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from contextlib import closing, suppress
from dataclasses import replace

from .dialect import Dialect
from .records import Lexer
from .streams import plain_blocks
from .table import TableFiles

__all__ = ["sniff"]

_SAMPLE_BYTES = 256 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_VALUE = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?|\d{4}-\d\d-\d\d.*|true|false", re.I)


def sniff(files: TableFiles) -> Dialect:
    """The likely dialect of a table, by the beginning of its first file."""
    first = files.find()[0]
    sample = b""
    with closing(files.place.open(first)) as stream:
        for block in plain_blocks(stream, first.name):
            sample += block
            if len(sample) >= _SAMPLE_BYTES:
                break
    encoding = _encoding(sample)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(sample)
    dialect = max(_candidates(), key=lambda one: _regularity(text.lstrip("\ufeff").encode(), one))
    return replace(_with_header(text.lstrip("\ufeff"), dialect), encoding=encoding)


def _encoding(sample: bytes) -> str:
    """Bytes that are not Unicode do not show their encoding: Western European is a guess."""
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = sample[:4096:2].count(0), sample[1:4096:2].count(0)
    if max(even, odd) > len(sample[:4096]) // 8:
        return "utf-16-le" if odd > even else "utf-16-be"
    for name in ("utf-8", "cp1252"):
        with suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder(name)().decode(sample)
            return name
    return "iso8859-1"


def _candidates() -> list[Dialect]:
    return [Dialect(delimiter=mark, quote=quote) for mark in _DELIMITERS for quote in ('"', "'")]


def _regularity(text: bytes, dialect: Dialect) -> tuple[float, int]:
    """The share of records that have as many fields as most, and how many fields those are.

    One field a record is what every wrong delimiter finds, so it counts as no regularity.
    """
    records = [one for one in Lexer(dialect).records(text) if text[one.start : one.end].strip()]
    whole = records[:-1] or records  # the sample cuts the last one
    if not whole:
        return 0, 0
    fields, count = Counter(one.fields for one in whole).most_common(1)[0]
    return (count / len(whole), fields) if fields > 1 else (0, 1)


def _with_header(text: str, dialect: Dialect) -> Dialect:
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=dialect.delimiter, quotechar=dialect.quote
    )
    try:
        first = next((row for row in reader if row), [])
    except csv.Error:  # a field of more than 131,072 characters: take it as it is
        return dialect
    names = {name.strip().lower() for name in first}
    is_header = len(names) == len(first) and not any(_is_value(name) for name in first)
    if is_header or not first:
        return dialect
    columns = tuple(f"column_{number}" for number in range(1, len(first) + 1))
    return replace(dialect, header=False, columns=columns)


def _is_value(name: str) -> bool:
    return not name.strip() or _VALUE.fullmatch(name.strip()) is not None
