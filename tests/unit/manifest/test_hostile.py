"""A signed manifest of a hostile broker meets the one reader, on a laptop or at a broker."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.errors import LaptopError, PublishError
from broker.foreign.strict_json import MOST_BYTES
from broker.laptop.views import view_statements
from broker.laptop.workspace import parse_manifest, read_tree
from broker.manifest import Manifest

FILE = {"path": "parquet/shop/orders.parquet", "bytes": 9, "rows": 1, "sha256": "0" * 64}
TABLE = {
    "id": "in.orders",
    "name": "orders",
    "path": "shop/orders",
    "access": "public",
    "strategy": "full_refresh",
    "status": "ok",
    "error": None,
    "description": "All of them",
    "dataset": None,
    "schema": {"columns": [{"name": "id", "type": "BIGINT", "nullable": False, "description": ""}]},
    "fingerprint": "",
    "key": ["id"],
    "partitioning": {"column": "at", "granularity": "month"},
    "foreign_keys": [{"column": "id", "table": "t", "references": "id", "description": ""}],
    "rows": 1,
    "rejects": 0,
    "duplicates": 0,
    "files": [{**FILE, "partition": None}],
    "reject_file": {**FILE, "path": "rejects/shop/orders.parquet", "partition": None},
    "change": None,
    "watermark": None,
    "loading": False,
    "origin": None,
    "losses": 0,
    "as_of": "2026-11-22T12:00:00Z",
    "loaded_at": None,
    "freshness_seconds": 60,
    "warnings": [],
    "issues": [],
}
GOOD: dict[str, Any] = {
    "generation": "2026-11-22T120000Z-0000",
    "created_at": "2026-11-22T12:00:00.5Z",
    "tables": [TABLE],
    "documents": [
        {"path": "docs/schema.yml", "bytes": 1, "sha256": "0" * 64, "access": None},
    ],
    "audience": ["public"],
    "previous": None,
    "run": None,
    "broker": "0.1.0",
    "format": 1,
}
FIRST = ("tables", 0)
COLUMN = (*FIRST, "schema", "columns", 0)
DATA = (*FIRST, "files", 0)
PATHS = (
    *("../../x", "/etc/passwd", "parquet/../../x", "parquet/shop/orders/../../../../x"),
    *("parquet\\shop\\orders.parquet", "parquet/shop/orders/a\nb", "parquet/shop/orders/\x1b[2J"),
    *("parquet/shop/orders/\u202ex", "parquet/shop/other.parquet", "manifest.json", "", 7, None),
    *("docs/Claude.md", "parquet/shop/orders/AGENTS.md"),
    *("docs/CLAUDE.local.md", "metadata/AGENTS.override.md", "docs/gemini.a.b.md"),
)
TYPES = (
    "INTEGER); COPY (SELECT 1) TO '/tmp/x'; --",
    "VARCHAR) WHERE false; INSTALL x; --",
    "INTEGER",
    7,
    "x" * 100_000,
)


def changed(place: tuple[Any, ...], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    target: Any = document
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    return document


def attacks() -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield from (((*DATA, "path"), path) for path in PATHS)
    yield from ((("documents", 0, "path"), path) for path in (*PATHS, "parquet/shop/o.parquet"))
    yield from (((*FIRST, "path"), path) for path in PATHS if path != "manifest.json")
    yield from (((*COLUMN, "type"), type_) for type_ in TYPES)
    yield from (((*COLUMN, "name"), name) for name in ("", "a\0b", "x" * 1001, "\ud800", None))
    yield from (((*FIRST, "name"), name) for name in ("", "a\x1b[2J", "a\nb", "a\u200bb", None))
    for number in (-1, 2**63 + 1, True, "1", None, 10**4000):
        yield (*DATA, "bytes"), number
        yield (*FIRST, "rows"), number
    yield from (((*DATA, "sha256"), text) for text in ("", "0" * 63, "0" * 64 + "\n", "G" * 64))
    yield from ((("generation",), name) for name in ("..", "a/b", "-x", "", None, "a\nb"))
    yield from ((("created_at",), text) for text in ("now", "2026-13-01T00:00:00Z", 0, None))
    yield from (((*FIRST, "status"), text) for text in ("fine", None, []))
    yield from ((("format",), number) for number in (2, "1", True, None))
    yield from ((("tables",), value) for value in ({}, None, "x", [TABLE, TABLE], [[]], [None]))
    yield (*FIRST, "description"), "x" * 1_000_001
    yield ("tables",), [TABLE, {**TABLE, "path": "shop/Orders", "files": [], "reject_file": None}]
    for path in ("docs/Schema.yml", "docs/schema.yml/x"):
        yield ("documents",), [*GOOD["documents"], {**GOOD["documents"][0], "path": path}]
    yield (*FIRST, "key"), [["id"]]
    yield (*FIRST, "surprise"), 1
    yield ("surprise",), 1
    yield (*FIRST, "schema"), {"columns": [], "more": 1}


def read(document: Any) -> Manifest:
    return parse_manifest(json.dumps(document).encode())


def test_what_a_broker_writes_is_read() -> None:
    manifest = read(GOOD)
    assert manifest.tables[0].schema.columns[0].type == "BIGINT"
    assert {file.path for file in manifest.listed} == {
        "parquet/shop/orders.parquet",
        "rejects/shop/orders.parquet",
        "docs/schema.yml",
    }


@pytest.mark.parametrize(("place", "value"), [*attacks()], ids=lambda value: repr(value)[:60])
def test_nothing_else_is(place: tuple[Any, ...], value: Any) -> None:
    with pytest.raises(LaptopError, match=r"cannot be used.*Tell the broker's operator") as caught:
        read(changed(place, value))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("place", "value"),
    [
        *(((*DATA, "path"), path) for path in PATHS),
        *((("documents", 0, "path"), path) for path in PATHS[:8]),
        *(((*COLUMN, "type"), type_) for type_ in TYPES),
        *(((*DATA, "bytes"), number) for number in (-1, True, "1")),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_the_broker_refuses_the_same(place: tuple[Any, ...], value: Any) -> None:
    assert Manifest.from_json(json.dumps(GOOD).encode(), where="here").tables
    with pytest.raises(PublishError):
        Manifest.from_json(json.dumps(changed(place, value)).encode(), where="here")


@pytest.mark.parametrize("key", ["generation", "created_at", "id", "name", "path"])
def test_a_key_that_says_what_it_is_must_be_there(key: str) -> None:
    document = copy.deepcopy(GOOD)
    holder = document if key in document else document["tables"][0]
    del holder[key]
    with pytest.raises(LaptopError, match=rf"{key}: Field required"):
        read(document)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_any_value_in_any_place_is_read_or_refused_and_never_sql(data: st.DataObject) -> None:
    value = data.draw(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(st.characters(exclude_categories=()) | st.sampled_from("'\";)(`|\\/.\n"))
        | st.lists(st.integers() | st.text(max_size=3), max_size=2)
    )
    place = data.draw(st.sampled_from(sorted(leaves(GOOD), key=repr)))
    try:
        manifest = read(changed(place, value))
    except LaptopError:
        return
    outside = quotes_removed("\n".join(view_statements(manifest, Path("/tree"))))
    assert set(re.findall(r"(?m)^\w+", outside)) <= {"SET", "CREATE", "COMMENT"}
    assert outside.count(";") == len(re.findall(r"(?m);$", outside))


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield (*place, key)
        if isinstance(item, dict | list):
            yield from leaves(item, (*place, key))


def quotes_removed(sql: str) -> str:
    """The SQL without what stands in quotes of either kind."""
    outside, quote = "", ""
    for character in sql:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            outside += character
    assert not quote
    return outside


@pytest.mark.parametrize(
    "content",
    [
        b'{"format": 1, "format": 1}',
        b'{"format": NaN}',
        b"[" * 100_000,
        b'{"generation": ' + b"9" * 1_000_000 + b"}",
        b"\xff\xfe",
        b"",
    ],
    ids=lambda content: str(content[:16]),
)
def test_json_that_is_not_ours_is_one_sentence(content: bytes) -> None:
    with pytest.raises(LaptopError, match="cannot be used"):
        parse_manifest(content)


def test_a_manifest_without_end_is_refused_by_its_size(tmp_path: Path) -> None:
    with (tmp_path / "manifest.json").open("wb") as stream:
        stream.truncate(MOST_BYTES * 100)
    with pytest.raises(LaptopError, match="longer than"):
        read_tree(tmp_path)
