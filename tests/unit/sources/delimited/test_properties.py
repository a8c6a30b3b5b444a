"""Where a file is cut for parsing makes no difference, and what was written is what is read."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from broker.errors import SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource

# Short texts of exactly those characters that a parser stumbles over.
AWKWARD = st.text(alphabet=['"', ",", "\n", "\r", "\\", "a", "ž", "\0"], max_size=60)
CELLS = st.none() | st.text(alphabet=['"', ",", "\n", "\r", " ", "N", "A", "ž", "😀"], max_size=12)

ANY = {"escape": "\\", "escapes": "any"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples, of which each writes its own ``t.csv``."""
    return tmp_path_factory.mktemp("tables")


def outcome(folder: Path, block: int, **options: Any) -> Any:
    """Rows and rejects of table ``t``, or the error, with a file read in blocks of that size."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("broker.sources.delimited.streams._BLOCK_BYTES", block)
        patch.setattr("broker.sources.delimited.streams._FIRST_BYTES", block)
        reading = CsvSource({"path": str(folder)}, folder).read(
            TableRequest("t", options=options), Window()
        )
        try:
            rows = [tuple(r.values()) for b in reading.batches() for r in b.to_pylist()]
            return rows, reading.end().rejects
        except SourceError as error:
            return str(error)


@settings(max_examples=200, deadline=None)
@given(
    text=AWKWARD,
    block=st.integers(1, 9),
    width=st.integers(1, 3),
    options=st.sampled_from(
        [
            {},
            {"quote": ""},
            {"escape": "\\"},
            {"escape": "\\", "escapes": "any"},
            {"escape": "\\", "escapes": "mysql"},
            {"escape": "\\", "escapes": "postgres"},
            {"escape": "\\", "quote": ""},
            {"escape": "\\", "quote": "", "escapes": "mysql"},
            {"escape": "\\", "quote": "", "escapes": "postgres"},
            {"escape": "\\", "short_rows": "null"},
            {"escape": "\\", "escapes": "any", "short_rows": "null"},
            {"escape": "\\", "escapes": "any", "trailing_delimiter": True},
            {"trailing_delimiter": True, "null_values": ["a"]},
            {"short_rows": "null"},
            {"trailing_delimiter": True},
        ]
    ),
)
# An escaped CR, and the CR that ends its row.
@example(text='\\\r\r,\r","', block=1, width=1, options=ANY)
@example(text="\\\r\r,\r\\\\", block=1, width=1, options=ANY)
@example(text="a\\\r\r,a,a\r", block=1, width=2, options={**ANY, "short_rows": "null"})
# A quoted value that ends, but for the escape before its last quote.
@example(text='"\\"\na,a\n"a\n', block=9, width=1, options={"escape": "\\"})
# An escape after the closing quote.
@example(text='"\\a"\\""\na,a\n', block=7, width=1, options={"escape": "\\"})
# After the last delimiter: an escaped one, an empty text, a text that means NULL.
@example(text="a,a\\,\n", block=1, width=1, options={**ANY, "trailing_delimiter": True})
@example(text='a,""\na\n', block=1, width=1, options={"trailing_delimiter": True})
@example(
    text="ž,a\nž\n", block=1, width=1, options={"trailing_delimiter": True, "null_values": ["a"]}
)
def test_cutting_changes_nothing(
    folder: Path,
    text: str,
    block: int,
    width: int,
    options: dict[str, Any],
) -> None:
    (folder / "t.csv").write_bytes(text.encode())
    declared = {"header": False, "columns": [f"c{at}" for at in range(width)], **options}
    assert outcome(folder, block, **declared) == outcome(folder, 1 << 20, **declared)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12), block=st.integers(1, 40))
def test_what_was_written_is_read(
    folder: Path, rows: list[tuple[str | None, ...]], block: int
) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows([("a", "b", "c")])
    for row in rows:
        cells = ("" if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row)
        text.write(",".join(cells) + "\r\n")
    (folder / "t.csv").write_bytes(text.getvalue().encode())
    assert outcome(folder, block) == (rows, ())
