"""What names lost rows: the same for the same rows, another for any others; an oracle in Python."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.tables.files.apply import Previous
from broker.tables.losses import LostRows, columns_digest, losses, lost_rows
from broker.tables.model import DataFile

from .reading import LIMITS

NAMES = ("a", "b", "v")
Row = tuple[int, str, str | None]


def version(root: Path, name: str, *files: Sequence[Row] | pa.Table) -> Previous:
    """These rows, in files as they are given."""
    found = []
    for at, rows in enumerate(files):
        path = f"{name}/{at}.parquet"
        (root / name).mkdir(exist_ok=True)
        pq.write_table(rows if isinstance(rows, pa.Table) else arrow(rows), root / path)
        content = (root / path).read_bytes()
        count = pq.read_metadata(root / path).num_rows
        found.append(DataFile(path, len(content), count, hashlib.sha256(content).hexdigest()))
    return Previous(root, tuple(found))


def arrow(rows: Sequence[Row]) -> pa.Table:
    types = (pa.int64(), pa.string(), pa.string())
    columns = [[row[at] for row in rows] for at in range(3)]
    return pa.table(dict(zip(NAMES, map(pa.array, columns, types), strict=True)))


def lost(root: Path, before: Previous, after: Previous, *key: str) -> LostRows:
    work = root / "work"
    work.mkdir(exist_ok=True)
    return lost_rows(before, after, key, work=work, limits=LIMITS)


def expected(before: Previous, key: Sequence[str], gone: Counter[Row]) -> str:
    """The digest as it is documented, in plain Python."""
    names = key or NAMES
    texts = (
        json.dumps(
            {name: None if v is None else str(v) for name, v in zip(NAMES, row, strict=True)}
            if not key
            else {name: str(row[NAMES.index(name)]) for name in names},
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for row in gone.elements()
    )
    hashes = sorted(hashlib.sha256(text.encode()).digest() for text in texts)
    facts = [["keys" if key else "rows", *key], sorted(one.sha256 for one in before.files)]
    return hashlib.sha256(f"{json.dumps(facts)}\n".encode() + b"".join(hashes)).hexdigest()


# Texts that run into each other where columns are joined without care.
words = st.sampled_from(["", "1", '"', '","b":"', "a,b", "\\", "é", "\x01", "NULL", "\u202e"])
rows = st.dictionaries(
    st.tuples(st.integers(-2, 12), words), st.one_of(st.none(), words), min_size=1, max_size=8
)


def listed(table: Mapping[tuple[int, str], str | None]) -> list[Row]:
    return [(a, b, v) for (a, b), v in table.items()]


@settings(max_examples=60, deadline=None)
@given(rows, rows, rows, st.integers(0, 8), st.booleans())
def test_a_digest_names_exactly_the_rows_that_are_lost(
    before: dict[tuple[int, str], str | None],
    one: dict[tuple[int, str], str | None],
    other: dict[tuple[int, str], str | None],
    cut: int,
    has_key: bool,
) -> None:
    key = ("a", "b") if has_key else ()
    with tempfile.TemporaryDirectory() as folder:
        root, old = Path(folder), listed(before)
        published = version(root, "old", old[:cut], old[cut:])
        # Some rows stay as they are, so that the two often lose the same ones.
        versions = [{**dict(list(before.items())[:cut]), **new} for new in (one, other)]
        found, gone = [], []
        for at, new in enumerate(versions):
            # The same rows in other files, in another order.
            after = version(root, str(at), listed(new)[::-1][:cut], listed(new)[::-1][cut:])
            found.append(lost(root, published, after, *key).digest)
            if has_key:
                gone.append(Counter({row: 1 for row in old if row[:2] not in new}))
                count = losses(published, after, key, work=root / "work", limits=LIMITS)
                assert count == gone[-1].total()
            else:
                gone.append(Counter(old) - Counter(listed(new)))
        assert found == [expected(published, key, one) for one in gone]
        assert (found[0] == found[1]) == (gone[0] == gone[1])


def test_copies_of_a_row_without_a_key_are_counted(tmp_path: Path) -> None:
    row: Row = (1, "x", None)
    before = version(tmp_path, "old", [row, row], [row, row])
    one = version(tmp_path, "one", [row, row])
    assert one.files[0].sha256 == before.files[0].sha256
    two = version(tmp_path, "two", [row, row, row])
    for after, gone in ((one, 2), (two, 1)):
        assert losses(before, after, (), work=tmp_path, limits=LIMITS) == gone
        digest = lost(tmp_path, before, after).digest
        assert digest == expected(before, (), Counter({row: gone}))


def test_the_same_rows_of_another_version_have_another_digest(tmp_path: Path) -> None:
    gone: list[Row] = [(1, "x", "v"), (2, "y", "v")]
    nothing = version(tmp_path, "new", [(3, "z", "v")])
    one = version(tmp_path, "one", [*gone, (3, "z", "v")])
    other = version(tmp_path, "other", [*gone, (3, "z", "another")])
    digests = [lost(tmp_path, before, nothing, "a", "b").digest for before in (one, other)]
    assert digests[0] != digests[1]


@pytest.mark.parametrize("type_", [pa.string(), pa.decimal128(21, 2)])
def test_a_key_of_another_type_is_not_compared_and_rows_are_named_as_a_whole(
    tmp_path: Path, type_: pa.DataType
) -> None:
    numbers = pa.array([1, 2, 3], pa.int64())
    before = version(tmp_path, "old", pa.table({"a": numbers}))
    found = []
    for name, kept in (("new", 1), ("other", 2), ("again", 1)):
        after = version(tmp_path, name, pa.table({"a": pa.array([kept]).cast(type_)}))
        found.append(lost(tmp_path, before, after, "a"))
    assert [one.examples for one in found] == [[], [], []]
    assert found[0].digest == found[2].digest != found[1].digest


def test_the_first_keys_are_shown_in_order_and_keep_their_types(tmp_path: Path) -> None:
    rows: list[Row] = [(n, "x", None) for n in (12, 9, 100, -1, 3, 7)]
    before = version(tmp_path, "old", rows)
    after = version(tmp_path, "new", [(3, "x", "v")])
    found = lost(tmp_path, before, after, "a").examples
    assert found == [{"a": n} for n in (-1, 7, 9, 12, 100)]
    nothing = lost(tmp_path, before, Previous(tmp_path, ()), "a").examples
    assert nothing == [{"a": n} for n in (-1, 3, 7, 9, 12)]


def test_other_columns_are_named_whatever_their_order(tmp_path: Path) -> None:
    files = version(tmp_path, "old", [(1, "x", None)]).files
    found = columns_digest(files, ["x", "y"])
    assert found == columns_digest(files, ["y", "x"])
    others = version(tmp_path, "other", [(2, "x", None)]).files
    assert len({found, columns_digest(files, ["x"]), columns_digest(others, ["x", "y"])}) == 3
