"""Several files of one table: their columns, and which of them is the newer one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from unicodedata import normalize

import pytest

from broker.errors import SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource

from ..conftest import Put, Read

UNION = {"columns": "union"}


def test_files_that_gained_a_column(put: Put, read: Read, source: CsvSource) -> None:
    put("t/1.csv", "id,v\n1,a\n")
    put("t/2.csv", "w,id\nx,2\n")
    assert read(options=UNION)[0] == [("1", "a", None), ("2", None, "x")]
    assert read(options=UNION, columns=("w",))[0] == [(None,), ("x",)]
    assert read(options=UNION, row_filter="w IS NULL")[0] == [("1", "a", None)]
    assert source.describe(TableRequest("t", options=UNION)).schema.names == ("id", "v", "w")
    with pytest.raises(SourceError, match=r"declare csv: \{columns: union\}"):
        read()


@pytest.mark.parametrize("first", ["NFC", "NFD"])
def test_names_are_matched_in_composed_letters(
    put: Put, read: Read, source: CsvSource, first: str
) -> None:
    second = "NFD" if first == "NFC" else "NFC"
    put("t/1.csv", normalize(first, "id,café\n1,a\n"))
    put("t/2.csv", normalize(second, "café,id\nb,2\n"))
    rows, end = read()
    assert rows == [("1", "a"), ("2", "b")]
    file = {"NFC": "2.csv", "NFD": "1.csv"}[first]
    (warning,) = end.warnings
    assert warning.startswith(f"{file}, line 1 has names of columns with combining marks")
    assert source.describe(TableRequest("t")).schema.names == ("id", "café")


def test_names_are_spelt_as_the_description_does(put: Put, source: CsvSource) -> None:
    name = normalize("NFD", "café")
    put("t.csv", "café,v\n1,a\n")
    request = TableRequest("t", primary_key=(name,))
    assert source.describe(request).schema.names == (name, "v")
    assert source.read_keys(request).schema.names == [name]


def test_one_header_with_a_name_in_both_ways_is_refused(put: Put, read: Read) -> None:
    put("t.csv", f"café,{normalize('NFD', 'café')}\n1,2\n")
    with pytest.raises(SourceError, match="names a column twice"):
        read()


DAYS = r"snap_(?P<day>\d+)-(?P<month>\d+)-(?P<year>\d+)"


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (None, ["december", "november", "october"]),
        ("name", ["december", "november", "october"]),
        (DAYS, ["october", "november", "december"]),
        ("time", ["november", "october", "december"]),
        (r"snap_\d+-(\d+)", ["october", "november", "december"]),
    ],
)
def test_which_file_is_newer(put: Put, read: Read, order: str | None, found: list[str]) -> None:
    for name, month, age in (
        ("snap_30-11-2026", "november", 1),
        ("snap_01-12-2026", "december", 3),
        ("snap_31-10-2026", "october", 2),
    ):
        os.utime(put(f"t/{name}.csv", f"v\n{month}\n"), (age * 10**9 // 2,) * 2)
    options = {} if order is None else {"order": order}
    rows, end = read(options=options)
    assert [row[0] for row in rows] == found
    assert (end.tie is not None) == (order is None)


def test_a_file_that_an_order_says_nothing_of(put: Put, read: Read) -> None:
    put("t/snap_1.csv", "v\n1\n")
    put("t/other.csv", "v\n1\n")
    with pytest.raises(SourceError, match=r"other\.csv: does not match csv\.order"):
        read(options={"order": r"snap_(\d+)"})


def test_a_single_file_is_never_a_tie(put: Put, source: CsvSource, tmp_path: Path) -> None:
    del tmp_path
    put("t/1.csv", "v\n1\n")
    reading = source.read(TableRequest("t"), Window())
    assert len([*reading.batches()]) == 1
    assert reading.end().tie is None


@pytest.mark.parametrize(
    ("names", "copy"),
    [
        (("x.csv", "x (1).csv"), "x (1).csv"),
        (("x.csv.gz", "x_(2).csv.gz"), "x_(2).csv.gz"),
        (("x.csv", "x - Copy.csv"), "x - Copy.csv"),
        (("x.csv", "x copy 2.csv"), "x copy 2.csv"),
        (("x.csv", "Copy of x.csv"), "Copy of x.csv"),
        (("x.csv", "x.csv.bak"), "x.csv.bak"),
        (("x.csv", "x.old"), "x.old"),
        (("x.csv.old",), "x.csv.old"),
    ],
)
def test_a_copy_beside_its_file_is_no_second_file(
    put: Put, read: Read, names: tuple[str, ...], copy: str
) -> None:
    for name in names:
        put(name, "id\n1\n")
    with pytest.raises(SourceError, match=re.escape(copy)):
        read(options={"file": "*"})
    assert read(options={"file": copy})[0] == [("1",)]
    ending = copy.rpartition(".")[2]
    if ending not in ("csv", "gz"):
        assert read(options={"file": f"x*.{ending}"})[0] == [("1",)]


@pytest.mark.parametrize(
    "names", [("x (1).csv", "x (2).csv"), ("copy.csv", "x.csv"), ("x.csv", "x-1.csv")]
)
def test_files_whose_names_only_count_are_files(
    put: Put, read: Read, names: tuple[str, ...]
) -> None:
    for name in names:
        put(name, "id\n1\n")
    assert read(options={"file": "*"})[0] == [("1",), ("1",)]


def test_a_year_of_two_digits_is_of_its_century(put: Put, read: Read) -> None:
    for name in ("d_98", "d_2001", "d_26", "d_03"):
        put(f"{name}.csv", f"v\n{name}\n")
    options = {"file": "*", "order": r"d_(?P<year>\d+)"}
    assert [row[0] for row in read(options=options)[0]] == ["d_98", "d_2001", "d_03", "d_26"]
