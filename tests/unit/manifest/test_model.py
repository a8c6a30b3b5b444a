from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.errors import PublishError
from broker.foreign.paths import GENERATION_ID
from broker.manifest import (
    ChangeFile,
    DocumentEntry,
    ForeignKey,
    Manifest,
    Status,
    TableEntry,
)
from broker.tables.issues import Issue, IssueKind, RowPlace
from broker.tables.model import DataFile, Partitioning
from broker.tables.schema import Column, TableSchema

GENERATION = "2026-11-22T120000Z-0000"
NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)

words = st.text(max_size=12)
names = st.text("abcž9 _.", min_size=1, max_size=12)
ids = st.text("abc09", min_size=1, max_size=8)
generations = st.from_regex(GENERATION_ID, fullmatch=True)
sums = st.text("0123456789abcdef", min_size=64, max_size=64)
digests = st.text("0123456789abcdef", min_size=16, max_size=16)
types = st.sampled_from(["BIGINT", "DECIMAL(12,2)", 'STRUCT("a ""b" DATE[])', "VARCHAR"])
column_names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1)
counts = st.integers(min_value=0, max_value=2**63)
instants = st.datetimes(
    min_value=datetime(1970, 1, 1),
    timezones=st.just(UTC),
)
columns = st.builds(Column, column_names, st.none() | types, st.booleans(), words)


def files(top: str) -> st.SearchStrategy[DataFile]:
    paths = ids.map(lambda name: f"{top}/shop/orders/{name}.parquet")
    return st.builds(DataFile, paths, counts, counts, sums, st.none() | words, st.just(False))


issues = st.builds(
    Issue,
    st.sampled_from(IssueKind),
    counts,
    words,
    st.none() | column_names,
    st.lists(st.builds(RowPlace, counts, st.none() | words, st.none() | counts)).map(tuple),
    st.lists(words).map(tuple),
    words,
)

tables = st.builds(
    TableEntry,
    id=names,
    name=names,
    path=st.just("shop/orders"),
    access=words,
    status=st.sampled_from(Status),
    error=st.none() | words,
    schema=st.builds(TableSchema, st.lists(columns, max_size=3).map(tuple)),
    key=st.lists(column_names, max_size=2).map(tuple),
    partitioning=st.none() | st.builds(Partitioning, words, words),
    foreign_keys=st.lists(st.builds(ForeignKey, column_names, words, words), max_size=2).map(tuple),
    rows=counts,
    files=st.lists(files("parquet"), max_size=2, unique_by=lambda file: file.path).map(tuple),
    reject_file=st.none() | files("rejects"),
    changes=st.lists(
        st.builds(ChangeFile, digests, generations, files("changes")),
        max_size=2,
        unique_by=lambda change: change.file.path,
    ).map(tuple),
    watermark=st.none() | instants,
    loading=st.booleans(),
    as_of=st.none() | instants,
    freshness_seconds=st.none() | counts,
    warnings=st.lists(words, max_size=2).map(tuple),
    issues=st.lists(issues, max_size=2).map(tuple),
)
manifests = st.builds(
    Manifest,
    generation=generations,
    created_at=instants,
    tables=st.lists(tables, max_size=1).map(
        lambda found: tuple(sorted(found, key=lambda entry: entry.id))
    ),
    documents=st.lists(
        st.builds(DocumentEntry, ids.map("docs/{}.yml".format), counts, sums, st.none() | words),
        max_size=2,
        unique_by=lambda document: document.path,
    ).map(lambda found: tuple(sorted(found, key=lambda document: document.path))),
    audience=st.none() | st.lists(words, max_size=2).map(tuple),
    previous=st.none() | generations,
)


@settings(max_examples=40, deadline=None)
@given(manifests)
def test_json_round_trip_is_exact(manifest: Manifest) -> None:
    content = manifest.to_json()
    assert Manifest.from_json(content, where="here") == manifest
    assert Manifest.from_json(content, where="here").to_json() == content


def test_what_an_older_release_wrote_has_no_issues() -> None:
    plain = json.loads(Manifest(GENERATION, NOON, (TableEntry("a", "a", "s/a"),)).to_json())
    del plain["tables"][0]["issues"]
    assert Manifest.from_json(json.dumps(plain).encode(), where="here").tables[0].issues == ()


def test_the_order_of_tables_does_not_change_the_bytes() -> None:
    one, two = TableEntry("a", "a", "s/a"), TableEntry("b", "b", "s/b")
    assert (
        Manifest(GENERATION, NOON, (one, two)).to_json()
        == Manifest(GENERATION, NOON, (two, one)).to_json()
    )


def test_instants_are_written_in_utc() -> None:
    prague = NOON.astimezone(timezone(timedelta(hours=1)))
    content = Manifest(GENERATION, prague).to_json()
    assert Manifest.from_json(content, where="here").created_at.tzinfo == UTC
    assert Manifest.from_json(content, where="here").created_at == NOON


def test_no_word_of_is_new_is_published() -> None:
    entry = TableEntry("a", "a", "s/a", files=(DataFile("parquet/s/a.parquet", 1, 1, "0" * 64),))
    content = Manifest(GENERATION, NOON, (entry,)).to_json()
    assert b"is_new" not in content
    assert not Manifest.from_json(content, where="here").tables[0].files[0].is_new


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 2}, "newer broker"),
        ({"format": "1"}, "no format number"),
        ({"surprise": 1}, "surprise"),
        ({"created_at": "2026-11-22T12:00:00"}, "created_at"),
        ({"generation": None}, "generation"),
        ({"tables": [{"id": "a"}]}, "tables.0"),
    ],
)
def test_what_we_cannot_have_written_is_refused(change: dict[str, object], words: str) -> None:
    plain = {**json.loads(Manifest(GENERATION, NOON).to_json()), **change}
    with pytest.raises(PublishError, match=words) as caught:
        Manifest.from_json(json.dumps(plain).encode(), where="/data/manifest.json")
    assert caught.value.where == "/data/manifest.json"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"null", b'"text"'])
def test_torn_bytes_are_unreadable_and_never_an_empty_manifest(content: bytes) -> None:
    with pytest.raises(PublishError, match="cannot be read"):
        Manifest.from_json(content, where="here")


def test_only_ok_and_empty_are_good() -> None:
    entry = TableEntry("a", "a", "s/a")
    good = {
        status
        for status in Status
        if Manifest(GENERATION, NOON, (replace(entry, status=status),)).is_good
    }
    assert good == {Status.OK, Status.EMPTY}
