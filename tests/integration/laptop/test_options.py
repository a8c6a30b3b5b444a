"""Options of a sync that would have it do something else than was typed, or less."""

from __future__ import annotations

import json
from subprocess import CompletedProcess

import duckdb
import pytest

from .homes import Home, Laptop


def in_use(laptop: Laptop) -> str:
    return (laptop.path / "server/current").resolve().name


def refused(ended: CompletedProcess[str], code: int, words: str) -> None:
    assert (ended.returncode, ended.stdout) == (code, ""), ended.stdout
    assert words in ended.stderr


@pytest.fixture
def twice(synced: Laptop, home: Home) -> Laptop:
    """With a generation before the one in use, and a dataset."""
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name", dataset="shops")
    home.publish()
    assert synced.sync().returncode == 0
    return synced


@pytest.mark.parametrize("by_id", [False, True])
def test_a_dry_run_of_going_back_changes_nothing(twice: Laptop, by_id: bool) -> None:
    now = in_use(twice)
    earlier = min(tree.name for tree in (twice.path / "server/generations").iterdir())
    ended = twice.sync("--dry-run", "--generation", earlier if by_id else "previous")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == f"generation {earlier}: nothing to fetch\n"
    assert in_use(twice) == now
    assert twice.query("FROM stores") == [(8, "Brno")]


def test_a_dry_run_after_undo_fetches_nothing_as_the_sync_does(twice: Laptop) -> None:
    assert twice.sync("--generation", "previous").returncode == 0
    facts = json.loads(twice.sync("--dry-run", "--json").stdout)
    assert facts["bytes"] == 0
    assert {table["how"] for table in facts["tables"]} == {"kept"}


@pytest.mark.parametrize("name", ["2026-05-01", "nonsense", "2026-11-01T120009Z-0000"])
def test_a_generation_that_is_nowhere_is_refused(twice: Laptop, name: str) -> None:
    now = in_use(twice)
    ended = twice.sync("--generation", name, "--json")
    refused(ended, 1, "this generation is neither kept here nor what the broker offers")
    assert f"found {name}" in ended.stderr
    assert in_use(twice) == now


def test_the_latest_generation_is_the_brokers(twice: Laptop) -> None:
    now = in_use(twice)
    assert twice.sync("--generation", "previous").returncode == 0
    assert twice.sync("--generation", "latest").returncode == 0
    assert in_use(twice) == now


@pytest.mark.parametrize(
    "words", [["--push"], ["--without", "shops"], ["--dataset", "shops"], ["--table", "orders"]]
)
def test_going_back_leaves_no_other_word_undone(twice: Laptop, words: list[str]) -> None:
    now = in_use(twice)
    ended = twice.sync("--generation", "previous", *words)
    refused(ended, 2, f"{words[0]} cannot be combined with a generation that is kept here")
    assert in_use(twice) == now


def test_a_generation_with_a_file_missing_is_not_gone_back_to(twice: Laptop) -> None:
    now = in_use(twice)
    earlier = min((twice.path / "server/generations").iterdir())
    next(earlier.glob("parquet/shop/stores/*")).unlink()
    refused(twice.sync("--generation", "previous"), 1, f"{earlier.name} is not whole any more")
    assert in_use(twice) == now
    assert twice.query("FROM stores") == [(8, "Brno")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--table", "zzzzzzz"], "no table of this name; found zzzzzzz"),
        (["--table", "orders", "--table", "zzzzzzz"], "no table of this name; found zzzzzzz"),
        (["--table", ""], "no table of this name; found an empty name"),
        (["--without", "zzzzzzz"], "no dataset of this name; found zzzzzzz"),
        (["--dataset", "shop"], "found shop. Did you mean shops?"),
    ],
)
def test_a_name_of_nothing_that_is_typed_is_refused(
    twice: Laptop, words: list[str], message: str
) -> None:
    for more in ([], ["--dry-run"]):
        refused(twice.sync(*words, *more), 1, message)
    assert not (twice.path / "broker.toml").exists()
    assert twice.query("FROM stores") == [(8, "Brno")]


def test_a_dataset_that_is_left_out_stays_so_beside_tables(twice: Laptop) -> None:
    assert twice.sync("--without", "shops").returncode == 0
    refused(twice.sync("--table", "stores"), 1, "table stores is of a dataset that is left out")
    assert twice.sync("--table", "all", "--dataset", "shops").returncode == 0
    assert twice.sync("--table", "stores", "--table", "orders").returncode == 0
    refused(twice.sync("--without", "shops", "--table", "stores"), 1, "that is left out")
    assert twice.sync("--without", "shops").returncode == 0
    views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
    assert twice.query(views) == [("orders",)]


def test_a_choice_that_leaves_no_table_is_refused(twice: Laptop) -> None:
    assert twice.sync("--table", "stores").returncode == 0
    refused(twice.sync("--without", "shops"), 1, "leaves none of the 2 tables; found stores, with")
    assert twice.query("FROM stores") == [(8, "Brno")]
    (twice.path / "broker.toml").write_text('tables = ["zzzzzzz"]\n')
    refused(twice.sync(), 1, "broker.toml: this choice leaves none of the 2 tables")
    assert twice.query("FROM stores") == [(8, "Brno")]


def test_going_back_goes_past_the_same_generation_with_other_tables(twice: Laptop) -> None:
    now = in_use(twice)
    earlier = min(tree.name for tree in (twice.path / "server/generations").iterdir())
    assert twice.sync("--table", "orders").returncode == 0
    assert in_use(twice) == f"{now}+"
    facts = json.loads(twice.verb("status", "--json").stdout)
    assert facts["history"]["generations"] == 2
    assert twice.sync("--generation", "previous").returncode == 0
    assert in_use(twice) == earlier
    assert twice.sync("--generation", now).returncode == 0
    assert in_use(twice) == f"{now}+", "the last of its folders counts"


def test_going_back_without_views_leaves_all_as_it_was(twice: Laptop) -> None:
    now = in_use(twice)
    earlier = min(tree.name for tree in (twice.path / "server/generations").iterdir())
    newest = (twice.path / ".broker/newest").read_text()
    with duckdb.connect(str(twice.path / "user/duckdb/analytics.duckdb")):
        for words in (["undo"], ["sync", "--generation", earlier]):
            refused(twice.verb(*words), 1, "is open for writing in another program")
    assert in_use(twice) == now
    assert (twice.path / ".broker/newest").read_text() == newest
    assert twice.query("FROM stores") == [(8, "Brno")]
