"""A hostile change file: refused in one sentence, and nothing is written elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from broker.errors import TableError
from broker.tables.files.change import read_recipe
from broker.tables.files.writing import METADATA, data_file
from broker.tables.model import DataFile
from broker.tables.replay import replay

from .reading import LIMITS

RECIPE = {
    "format": 1,
    "path": "shop/orders",
    "key": ["id"],
    "partition_by": ["day", "month"],
    "target_file_bytes": 1 << 20,
    "gone": None,
}
BEFORE = "SELECT 1::BIGINT AS id, DATE '2026-01-05' AS day"
CHANGE = """
SELECT 'update' AS _change, '2026_01' AS _partition, 1::BIGINT AS id, DATE '2026-02-05' AS day
"""


@pytest.fixture
def before(tmp_path: Path) -> tuple[DataFile, ...]:
    place = tmp_path / "a/parquet/shop/orders/2026_01.parquet"
    place.parent.mkdir(parents=True)
    duckdb.sql(f"COPY ({BEFORE}) TO '{place}' (FORMAT parquet)")
    return (data_file(tmp_path / "a", place, 1, "2026_01"),)


def change(folder: Path, query: str = CHANGE, recipe: Any = RECIPE) -> Path:
    place = folder / "change.parquet"
    metadata = (recipe if isinstance(recipe, str) else json.dumps(recipe)).replace("'", "''")
    options = f"(FORMAT parquet, KV_METADATA {{{METADATA}: '{metadata}'}})"
    duckdb.sql(f"COPY ({query}) TO '{place}' {options}")
    return place


def put(folder: Path, before: tuple[DataFile, ...], file: Path) -> list[str]:
    out = folder / "b/out"
    out.mkdir(parents=True)
    made = replay(folder / "a", before, [file], out=out, work=folder / "b", limits=LIMITS)
    return [one.path for one in made]


def test_the_change_is_good_before_it_is_made_hostile(
    tmp_path: Path, before: tuple[DataFile, ...]
) -> None:
    assert put(tmp_path, before, change(tmp_path)) == ["parquet/shop/orders/2026_02.parquet"]


@pytest.mark.parametrize("name", ["../../../../mine", "/mine", "2026_01/x", "", "2026 01", "x"])
def test_a_partition_that_is_no_plain_name_is_refused_before_a_file_is_written(
    name: str, tmp_path: Path, before: tuple[DataFile, ...]
) -> None:
    (tmp_path / "mine.parquet").write_text("mine\n")
    file = change(tmp_path, CHANGE.replace("2026_01", name))
    with pytest.raises(TableError, match="names a partition that this table cannot have"):
        put(tmp_path, before, file)
    assert (tmp_path / "mine.parquet").read_text() == "mine\n"
    assert not [*(tmp_path / "b").rglob("*.parquet")]


RECIPES: dict[str, Any] = {
    "another folder": RECIPE | {"path": "../../../mine"},
    "an absolute path": RECIPE | {"path": "/mine"},
    "no text": RECIPE | {"path": 7},
    "no object": [],
    "no JSON": "{",
    "nested without end": "[" * 100_000,
    "no such granularity": RECIPE | {"partition_by": ["day", "week"]},
    "no such column": RECIPE | {"partition_by": ["month", "month"]},
    "no such key": RECIPE | {"key": ["other"]},
    "three parts": RECIPE | {"partition_by": ["day", "month", "year"]},
    "no time": RECIPE | {"gone": ["day", "soon", None]},
    "a range of SQL": RECIPE | {"gone": ["day; DROP TABLE changed", None, None]},
    "a size that is none": RECIPE | {"target_file_bytes": "1"},
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_that_no_broker_writes_is_refused(
    recipe: str, tmp_path: Path, before: tuple[DataFile, ...]
) -> None:
    with pytest.raises(TableError):
        put(tmp_path, before, change(tmp_path, recipe=RECIPES[recipe]))
    assert not [*tmp_path.rglob("mine*")]


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def end(content: bytes) -> bytes:
    """The length of its footer reaches past its beginning."""
    return content[:-8] + b"\xff\xff\xff\x7f" + content[-4:]


def pages(content: bytes) -> bytes:
    return content[:4] + re.sub(rb"[^\0]", b"\xff", content[4:60]) + content[60:]


@pytest.mark.parametrize("damage", [cut, end, pages, lambda _: b"", lambda _: b"PAR1PAR1"])
def test_bytes_that_are_no_parquet_are_refused(
    damage: Callable[[bytes], bytes], tmp_path: Path, before: tuple[DataFile, ...]
) -> None:
    file = change(tmp_path)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(TableError):
        put(tmp_path, before, file)


def test_columns_of_another_kind_are_refused(tmp_path: Path, before: tuple[DataFile, ...]) -> None:
    for number, query in enumerate(("SELECT 1 AS x", "SELECT 1 AS a, [1] AS b, {'x': 1} AS id")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "a").symlink_to(tmp_path / "a")
        with pytest.raises(TableError):
            put(folder, before, change(folder, query))


def test_a_file_that_is_not_there_stays_an_error_of_this_machine(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_recipe(tmp_path / "nothing.parquet")
