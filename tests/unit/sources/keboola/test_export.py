"""An export of Keboola without a network: its question, objects and slices, waits, settings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest
from pydantic import SecretStr

from broker.errors import ConfigError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.delimited.reading import DelimitedReading
from broker.sources.keboola import KeboolaSource
from broker.sources.keboola.api import Api
from broker.sources.keboola.jobs import Ticket, Tickets
from broker.sources.keboola.question import ask
from broker.sources.keboola.retry import Deadline, PassingError, Patience
from broker.sources.keboola.slices import slice_files
from broker.sources.keboola.spool import Spool
from broker.sources.keboola.stores import located
from broker.sources.keboola.values import NullRules
from broker.sources.keboola.web import retry_after

from .answers import detail

S3 = {"s3Path": {"bucket": "b", "key": "exp/1.csv"}, "region": "eu-central-1"}
KEYS = {"AccessKeyId": "A", "SecretAccessKey": "s3cret", "SessionToken": "sess"}
GS = {"gcsPath": {"bucket": "b", "key": "exp/1"}, "gcsCredentials": {"access_token": "tok"}}
SAS = "BlobEndpoint=https://acc.blob.core.windows.net;SharedAccessSignature=sv=1&sig=a%3D"
AZURE = {
    "absPath": {"container": "c", "name": "exp/1"},
    "absCredentials": {"SASConnectionString": SAS},
}


def spooled(*contents: bytes) -> Iterator[Spool]:
    for content in contents:
        with Spool(None) as spool:
            spool.append(content)
            spool.finish()
            yield spool


def rows_of(*contents: bytes, whole: bool = False) -> list[tuple[Any, ...]]:
    names = ("id", "x")
    files = slice_files(spooled(*contents), len(contents), names, "table t", whole=whole)
    reading = DelimitedReading(files, names, names)
    return [tuple(row.values()) for batch in reading.batches() for row in batch.to_pylist()]


class Answering:
    """A server that gives one answer to everything."""

    def __init__(self, status: int, data: bytes) -> None:
        self._answer = SimpleNamespace(status=status, data=data, headers={})

    def ask(self, *_: object, where: str) -> SimpleNamespace:
        assert where
        return self._answer


def test_a_question_is_json_with_whole_seconds() -> None:
    since, until = (datetime(2026, 1, 2, 3, 4, 5, 6, UTC), datetime(2026, 2, 1, tzinfo=UTC))
    filters = (
        {"column": "n", "operator": "gt", "values": ["9"]},
        {"column": "x", "operator": "notIn", "values": ["a", "b"]},
    )
    request = TableRequest("in.c-a.t", where_filters=filters)
    question = ask(detail(), request, ("x", "id"), Window(since, until), "csv")
    assert json.loads(json.dumps(question.parameters)) == {
        "columns": "x,id,n",
        "fileType": "csv",
        "format": "rfc",
        "gzip": True,
        "timezone": "UTC",
        "changedSince": str(int(since.timestamp()) - 1),
        "changedUntil": str(int(until.timestamp())),
        "whereFilters": [
            {"column": "n", "operator": "ge", "values": ["9"], "dataType": "DOUBLE"},
            {"column": "x", "operator": "ne", "values": ["a", "b"]},
        ],
    }
    assert question.rest == filters[:1]  # as doubles, neighbours of 9 are equal to it
    assert not question.is_whole


def test_what_keboola_cannot_be_asked_is_left_to_us() -> None:
    columns = [{"name": "x", "basetype": "STRING", "definition": {"nullable": True}}]
    typed = detail(isTyped=True, definition={"columns": columns})
    request = TableRequest("t", where_filters=({"column": "x", "operator": "ne", "values": ["a"]},))
    question = ask(typed, request, ("id",), Window(since=datetime.now(UTC), column="n"), "csv")
    assert question.names == ("id", "x", "n")
    assert {"whereFilters", "changedSince"} & {*question.parameters} == set()
    assert len(question.rest) == 1
    with pytest.raises(SourceError, match=r"no column 'idd'.*Did you mean 'id'"):
        ask(typed, request, ("idd",), Window(), "csv")


def test_an_object_is_fetched_from_its_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "STORAGE_EMULATOR_HOST"):
        monkeypatch.delenv(name, raising=False)
    s3 = located({**S3, "credentials": KEYS}, "s3://b/exp/1.csv_0 0.gz")
    assert s3.url == "https://b.s3.eu-central-1.amazonaws.com/exp/1.csv_0%200.gz"
    assert s3.headers["X-Amz-Security-Token"] == "sess"
    gs = located(GS, "gs://b/exp/1.csv.gz")
    assert gs.url == "https://storage.googleapis.com/storage/v1/b/b/o/exp%2F1.csv.gz?alt=media"
    assert gs.headers == {"Authorization": "Bearer tok"}
    azure = located(AZURE, "azure://acc.blob.core.windows.net/c/exp/1.csv.gz")
    assert azure.url == "https://acc.blob.core.windows.net/c/exp/1.csv.gz?sv=1&sig=a%3D"
    assert [text for text in map(repr, (s3, gs, azure)) if "sig" in text or "tok" in text] == []


@pytest.mark.parametrize(
    ("place", "entry"),
    [
        (S3, "s3://other/exp/1.csv_0"),
        (S3, "s3://b/secret/1.csv_0"),
        (S3, "s3://b/exp/1.csv/../../secret"),
        (GS, "gs://other/exp/1"),
        (AZURE, "azure://acc.blob.core.windows.net/other/exp/1"),
        (S3, "ftp://b/exp/1.csv"),
    ],
)
def test_an_object_outside_of_the_export_is_not_fetched(place: dict[str, Any], entry: str) -> None:
    with pytest.raises(SourceError, match=r"outside of the export|unknown kind"):
        located({**place, "credentials": KEYS}, entry)


def test_slices_are_told_by_their_bytes() -> None:
    members = gzip.compress(b'1,"a"\n') + gzip.compress(b"2,\n")
    found = rows_of(members, b"", gzip.compress(b""), b'3,"x\ny"\n', b'4,""\n')
    assert found == [("1", "a"), ("2", None), ("3", "x\ny"), ("4", "")]


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"1,a\n" * 9)[:-3], b"1,a\n2,b", b'1,"a\n'],
    ids=["gzip", "line", "quote"],
)
def test_a_slice_that_is_cut_is_no_shorter_table(content: bytes) -> None:
    with pytest.raises(SourceError, match=r"slice 1 of 1: .*(cut off|inside a quoted)"):
        rows_of(content)


def test_one_file_may_have_a_header_and_slices_have_none() -> None:
    text = b'"id","x"\n1,a\n'
    assert rows_of(text, whole=True) == [("1", "a")]
    assert rows_of(gzip.compress(text), whole=True) == [("1", "a")]
    assert rows_of(b"1,a\n", whole=True) == [("1", "a")]
    assert rows_of(text) == [("id", "x"), ("1", "a")]


def test_empty_texts_are_meant_by_their_column() -> None:
    batch = pa.record_batch({name: pa.array(["", None, "1", "NA"]) for name in "abcd"})
    types = {"a": "VARCHAR", "b": "BIGINT", "c": "VARCHAR", "d": "BOOLEAN"}
    found = NullRules(types, {"a", "b", "d"}, ("NA",)).apply(batch).to_pydict()
    assert found["a"] == ["", "", "1", None]
    assert found["b"] == [None, None, "1", None]
    assert found["c"] == ["", None, "1", None]
    assert found["d"] == [None, None, "true", None]


def test_a_spool_hands_over_what_failed_after_what_came() -> None:
    with Spool(None) as spool:
        spool.append(b"abc")
        spool.finish(SourceError("broke off"))
        assert spool.peek(2) == b"ab"
        assert spool.read(10) == b"abc"
        with pytest.raises(SourceError, match="broke off"):
            spool.read(1)
    with pytest.raises(SourceError, match="the reader has stopped"):
        spool.append(b"d")


def test_patience_ends_and_is_renewed_by_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("broker.sources.keboola.retry.time.sleep", waits.append)
    tries: list[int] = []

    def fail(retry_after: float | None = None) -> None:
        tries.append(1)
        raise PassingError("again", retry_after=retry_after)

    patience = Patience(attempts=4, first=1, longest=3)
    with pytest.raises(PassingError):
        patience.insist(fail, Deadline(1000))
    assert (len(tries), len(waits)) == (4, 3)
    assert all(0.5 * most <= wait <= most for wait, most in zip(waits, (1, 2, 3), strict=True))
    with pytest.raises(PassingError):  # no wait beyond the deadline
        patience.insist(lambda: fail(2000), Deadline(1000))
    assert len(tries) == 5
    with pytest.raises(PassingError):  # each of the first five tries gets on
        patience.insist(fail, Deadline(1000), lambda: min(len(tries), 10))
    assert len(tries) == 5 + 5 + 3


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after({}) is None
    assert retry_after({"Retry-After": "7"}) == 7
    assert retry_after({"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}) == 0
    assert retry_after({"Retry-After": "soon"}) is None


def test_a_ticket_is_found_by_its_question_while_it_is_fresh(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    hour = timedelta(hours=1)
    tickets = Tickets(tmp_path / "kept", {"columns": "id"}, hour)
    tickets.keep(Ticket(7, "https://k/jobs/7", now, now, None, "3 rows", None))
    found = tickets.find()
    assert found is not None
    assert (found.job, found.is_resumed) == (7, True)
    assert Tickets(tmp_path / "kept", {"columns": "x"}, hour).find() is None
    assert Tickets(tmp_path / "kept", {"columns": "id"}, timedelta(0)).find() is None
    next((tmp_path / "kept").iterdir()).write_text("{half")
    assert tickets.find() is None
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"url": "connection.keboola.com"}, "an address such as https"),
        ({"url": "https://user:s3cret@connection.keboola.com"}, "an address such as https"),
        ({"token": "s3cret with blanks"}, "a token of the Storage API"),
        ({"token": "s3cret\n"}, "a token of the Storage API"),
        ({"tokn": "s3cret"}, "unknown key 'tokn'"),
    ],
)
def test_settings_are_refused_without_their_values(more: dict[str, Any], sentence: str) -> None:
    good = {"url": "https://connection.keboola.com/", "project": 1, "token": "1-2-s3cret"}
    with pytest.raises(ConfigError, match=sentence) as caught:
        KeboolaSource({**good, **more}, Path())
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(vars(KeboolaSource(good, Path())))


@pytest.mark.parametrize("part", ["error", "message", "code", "exceptionId"])
@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_server_that_repeats_the_token_or_does_not_end_is_not_quoted(
    part: str, status: int
) -> None:
    content = json.dumps({part: f"of 123-token {'x' * 10_000}"}).encode()
    web: Any = Answering(status, content)
    api = Api("https://example.com", SecretStr("123-token"), web, Patience(attempts=1))
    with pytest.raises(SourceError) as caught:
        api.get("tokens/verify", Deadline(1), where="data_source.token")
    assert "123-token" not in str(caught.value)
    assert len(str(caught.value)) < 1_000


def test_an_answer_that_is_nested_without_end_is_not_an_answer() -> None:
    web: Any = Answering(200, b"[" * 100_000 + b"]" * 100_000)
    api = Api("https://example.com", SecretStr("123-token"), web, Patience(attempts=1))
    with pytest.raises(PassingError, match="not JSON"):
        api.get("tables", Deadline(1), where="shop")
