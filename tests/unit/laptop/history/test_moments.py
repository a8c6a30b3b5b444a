"""Which of the kept generations a person names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import LaptopError
from broker.laptop.history.kept_generations import KeptGeneration, KeptHistory
from broker.laptop.history.moments import generation_at, generation_named, moment_of
from broker.laptop.history.table_pasts import pasts_of
from broker.manifest import Manifest, TableEntry
from broker.tables.model import DataFile
from broker.tables.schema import Column, TableSchema

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def made(*hours: float, current: int = -1) -> KeptHistory:
    """Generations in the order of their names, made so many hours after noon of 1 May."""
    entries = [
        TableEntry(
            "t",
            "t",
            "a/t",
            schema=TableSchema((Column("id", "BIGINT"),)),
            files=(DataFile("parquet/a/t.parquet", 1, 1, f"{at:064x}"),),
        )
        for at, _ in enumerate(hours)
    ]
    generations = tuple(
        KeptGeneration(
            Manifest(f"g{at:03}", START + timedelta(hours=hour), (entries[at],)), Path(f"/{at}")
        )
        for at, hour in enumerate(hours)
    )
    return KeptHistory(generations, generations[current].id)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-05-01", "2026-05-01T23:59:59.999999+00:00"),
        ("9999-12-31", "9999-12-31T23:59:59.999999+00:00"),
        ("2026-05-01T12:00Z", "2026-05-01T12:00:00+00:00"),
        ("2026-05-01 12:00", "2026-05-01T12:00:00+00:00"),
        ("2026-05-01T12:00:30.5+02", "2026-05-01T10:00:30.500000+00:00"),
        ("2026-05-01T12:00 -0530", "2026-05-01T17:30:00+00:00"),
        ("2026-05-01T00:00z", "2026-05-01T00:00:00+00:00"),
    ],
)
def test_a_day_is_its_end_and_what_names_no_zone_is_in_utc(text: str, instant: str) -> None:
    moment = moment_of(text)
    assert moment is not None
    assert moment.isoformat() == instant


@pytest.mark.parametrize(
    "text",
    ["", "2026", "20260501", "2026-5-1", "2026-02-30", "2026-05-01T25:00", "2026-05-01Z", "today"],
)
def test_anything_else_is_not_a_moment(text: str) -> None:
    assert moment_of(text) is None


def test_words_and_ids_name_generations() -> None:
    history = made(0, 24, 48, current=1)
    named = {
        word: generation_named(word, history).id
        for word in ("previous", "current", "latest", "g000", "2026-05-02", "2026-05-02T11:59Z")
    }
    assert named == {
        "previous": "g000",
        "current": "g001",
        "latest": "g002",
        "g000": "g000",
        "2026-05-02": "g001",
        "2026-05-02T11:59Z": "g000",
    }


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("previous", "no earlier generation is kept here"),
        ("2026-04-30", "expected a moment from 2026-05-01T12:00:00Z on; found 2026-04-30"),
        ("curent", "Did you mean current?"),
        ("x", "The oldest is g000"),
    ],
)
def test_what_is_not_kept_is_refused(words: str, sentence: str) -> None:
    with pytest.raises(LaptopError) as caught:
        generation_named(words, made(0))
    assert sentence in str(caught.value)


def test_the_generation_in_use_must_be_among_them() -> None:
    with pytest.raises(LaptopError, match="is not among those"):
        KeptHistory(made(0).generations, "g009")


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=8), st.integers(-60, 60))
def test_macros_and_verbs_choose_alike_also_where_a_clock_was_set_back(
    hours: list[int], asked_hour: int
) -> None:
    history = made(*hours)
    moment = START + timedelta(hours=asked_hour)
    (past,) = pasts_of(history)
    microseconds = int(moment.timestamp()) * 1_000_000
    chosen = [at for instant, at in past.steps if instant <= microseconds]
    expected = generation_at(history.generations, moment)
    assert (history.generations[chosen[-1]] if chosen else None) == expected
    if expected is not None:
        later = [one.id for one in history.generations if one.created_at <= moment]
        assert expected.id == max(later)
    merged = [at for instant, at in past.merged.steps if instant <= microseconds]
    assert [past.versions[at].files for at in merged[-1:]] == [
        past.versions[at].files for at in chosen[-1:]
    ]
