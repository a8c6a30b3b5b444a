"""What Parquet files tell of their columns without decoding a row."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from broker.profile.footers import places_of_few_values, places_of_same_values

ROWS = {"id": list(range(3_000)), "word": ["a", "b", None] * 1_000, "flag": [True, False] * 1_500}


def write(path: Path, columns: dict[str, list[object]], **options: object) -> Path:
    pq.write_table(pa.table(columns), path, row_group_size=1_000, **options)
    return path


def test_columns_of_few_values_are_those_with_a_small_dictionary(tmp_path: Path) -> None:
    path = tmp_path / "duckdb.parquet"
    with duckdb.connect() as connection:
        rows = (
            "SELECT i AS id, i % 7 AS few, i % 300 AS more, i % 2 = 0 AS flag FROM range(3000) t(i)"
        )
        options = "FORMAT parquet, DICTIONARY_SIZE_LIMIT 500, ROW_GROUP_SIZE 2048"
        connection.execute(f"COPY ({rows}) TO '{path}' ({options})")
    assert places_of_few_values(path, 14) == {1, 3}
    assert places_of_few_values(path, 600) == {1, 2, 3}


def test_a_file_that_does_not_count_values_has_as_many_as_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "arrow.parquet", ROWS)
    assert places_of_few_values(path, 2_999) == {2}
    assert places_of_few_values(path, 3_000) == {0, 1, 2}
    nested = write(tmp_path / "nested.parquet", {"word": ["a"], "pair": [{"x": 1, "y": 2}]})
    assert places_of_few_values(nested, 3_000) == set()


@pytest.mark.parametrize("row", [0, 1_500, 2_999])
@pytest.mark.parametrize(
    ("at", "name", "value"), [(0, "id", -1), (1, "word", "c"), (1, "word", None), (2, "flag", None)]
)
def test_a_column_with_one_other_value_is_not_the_same(
    tmp_path: Path, at: int, name: str, value: object, row: int
) -> None:
    changed = [*ROWS[name][:row], value, *ROWS[name][row + 1 :]]
    if changed == ROWS[name]:
        changed[row] = "d"
    before = write(tmp_path / "before.parquet", ROWS)
    after = write(tmp_path / "after.parquet", {**ROWS, name: changed})
    assert places_of_same_values(after, before) == {0, 1, 2} - {at}


def test_files_are_the_same_wherever_their_columns_stand(tmp_path: Path) -> None:
    before = write(tmp_path / "before.parquet", {**ROWS, "id": [0] * 3_000})
    after = write(tmp_path / "after.parquet", ROWS)
    assert after.stat().st_size > before.stat().st_size + 1_000
    assert places_of_same_values(after, before) == {1, 2}


def test_nothing_is_known_to_be_the_same_of_files_of_another_shape(tmp_path: Path) -> None:
    after = write(tmp_path / "after.parquet", ROWS)
    others = {
        "renamed": ({"id": ROWS["id"], "words": ROWS["word"], "flag": ROWS["flag"]}, {}),
        "shorter": ({name: values[:-1] for name, values in ROWS.items()}, {}),
        "packed": (ROWS, {"compression": "zstd"}),
    }
    for name, (columns, options) in others.items():
        before = write(tmp_path / f"{name}.parquet", columns, **options)
        assert places_of_same_values(after, before) == set(), name
    typed = pa.table({**ROWS, "id": pa.array(ROWS["id"], pa.int32())})
    pq.write_table(typed, tmp_path / "typed.parquet", row_group_size=1_000)
    assert places_of_same_values(after, tmp_path / "typed.parquet") == set()
    (tmp_path / "damaged.parquet").write_bytes(b"no parquet")
    assert places_of_same_values(after, tmp_path / "damaged.parquet") == set()
    assert places_of_same_values(after, tmp_path / "gone.parquet") == set()
