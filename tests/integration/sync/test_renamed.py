"""Tables that change places: one that is held or fails must not take the others with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Instance, make_instance


def described(names: dict[str, str], *, broken: str = "") -> str:
    """The tables s.a and so on, by the names that analysts know them by."""
    lines = [
        f"  - {{id: s.{file}, name: {name}, primary_key: {'none' if file == broken else 'id'}}}\n"
        for file, name in names.items()
    ]
    return f"```yaml\ntables:\n{''.join(lines)}```\n"


def many(first: int, count: int = 20) -> str:
    return "id\n" + "".join(f"{number}\n" for number in range(first, first + count))


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    made = make_instance(tmp_path, described({"a": "a", "b": "b", "c": "c"}))
    for at, name in enumerate("abcd"):
        made.csv(name, many(100 * at))
    assert made.sync()["exit_code"] == 0
    return made


def rename(instance: Instance, names: dict[str, str], *, broken: str = "") -> None:
    (instance.config / "data_description.md").write_text(described(names, broken=broken))


def first_keys(instance: Instance, *names: str) -> list[int]:
    return [instance.rows(f"s/{name}")[0][0] for name in names]


def test_names_are_swapped(instance: Instance) -> None:
    rename(instance, {"a": "b", "b": "a", "c": "c"})
    assert instance.sync()["exit_code"] == 0
    assert first_keys(instance, "a", "b", "c") == [100, 0, 200]


def test_a_held_table_keeps_its_path_and_the_others_go_on(instance: Instance) -> None:
    rename(instance, {"a": "b", "b": "a", "c": "c"})
    instance.csv("a", many(900))
    instance.csv("c", many(200, 21))
    report = instance.sync()
    assert report["exit_code"] == 1
    found = instance.status()
    assert [found[f"s/{name}"]["status"] for name in "abc"] == ["held", "failed", "ok"]
    assert "another table stands at this path" in found["s/b"]["error"]
    assert first_keys(instance, "a", "b") == [0, 100]
    assert len(instance.rows("s/c")) == 21
    assert instance.here("approve", "s.a").returncode == 0
    assert instance.sync()["exit_code"] == 0
    assert first_keys(instance, "a", "b") == [100, 900]


def test_a_new_table_waits_for_the_path_of_one_that_fails(instance: Instance) -> None:
    rename(instance, {"a": "other", "b": "b", "c": "c", "d": "a"}, broken="a")
    report = instance.sync()
    assert report["exit_code"] == 1
    errors = [one["error"] for one in report["tables"]]
    assert [error is None for error in errors] == [False, True, True, False]
    assert first_keys(instance, "a", "b", "c") == [0, 100, 200]
    rename(instance, {"a": "other", "b": "b", "c": "c", "d": "a"})
    assert instance.sync()["exit_code"] == 0
    assert first_keys(instance, "other", "a") == [0, 300]


def test_a_chain_of_names_stops_at_the_one_that_fails(instance: Instance) -> None:
    rename(instance, {"a": "other", "b": "a", "c": "b"}, broken="a")
    report = instance.sync()
    assert [one["error"] is None for one in report["tables"]] == [False, False, False]
    assert first_keys(instance, "a", "b", "c") == [0, 100, 200]
