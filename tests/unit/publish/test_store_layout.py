from __future__ import annotations

import errno
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.errors import PublishError
from broker.publish.store_layout import StoreLayout, next_id, publish_errors, taken_at

NOON = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)

instants = st.datetimes(
    min_value=datetime(2000, 1, 1),
    max_value=datetime(2099, 1, 1),
    timezones=st.just(UTC),
)


def test_an_id_is_the_moment() -> None:
    assert next_id(NOON, None) == "2026-11-22T163000Z-0000"
    assert next_id(NOON + timedelta(microseconds=500_000), None) == "2026-11-22T163000Z-8000"


@given(st.lists(instants, min_size=2, max_size=20))
def test_ids_sort_in_the_order_of_publication_whatever_the_clock_does(
    moments: list[datetime],
) -> None:
    ids: list[str] = []
    for moment in moments:
        ids.append(next_id(moment, max(ids, default=None)))
    assert ids == sorted(set(ids))


@given(instants)
def test_the_moment_is_read_back(moment: datetime) -> None:
    assert taken_at(next_id(moment, None)) == moment.replace(microsecond=0)


def test_a_second_that_is_used_up_goes_on_in_the_next() -> None:
    assert next_id(NOON, "2026-11-22T163000Z-ffff") == "2026-11-22T163001Z-0000"


def test_absent_and_unreadable_are_two_things(tmp_path: Path) -> None:
    layout = StoreLayout(tmp_path)
    assert layout.current_id() is None
    (tmp_path / "current").mkdir()
    with pytest.raises(PublishError, match="not a link"):
        layout.current_id()


@pytest.mark.parametrize("name", ["", "..", "../../etc", "2026-11-22T163000Z-0000", "staging"])
def test_a_generation_is_asked_for_by_its_id_alone(tmp_path: Path, name: str) -> None:
    with pytest.raises(PublishError, match="no such generation"):
        StoreLayout(tmp_path).generation(name)


def _renamed_but_not_current(tmp_path: Path) -> tuple[StoreLayout, str]:
    layout, name = StoreLayout(tmp_path), "2026-11-22T163000Z-0000"
    for folder in (layout.generations / name, layout.staging / name, layout.superseded):
        folder.mkdir(parents=True)
    return layout, name


def test_what_was_renamed_but_never_current_is_removed(tmp_path: Path) -> None:
    layout, _ = _renamed_but_not_current(tmp_path)
    layout.sweep()
    assert layout.ids() == []
    assert list(layout.staging.iterdir()) == []


def test_what_became_current_stays(tmp_path: Path) -> None:
    layout, name = _renamed_but_not_current(tmp_path)
    layout.flip(name)
    layout.sweep()
    assert layout.ids() == [name]
    assert list(layout.staging.iterdir()) == []


def test_a_generation_rolled_back_from_is_not_taken_for_waste(tmp_path: Path) -> None:
    layout, name = _renamed_but_not_current(tmp_path)
    layout.flip(name)
    layout.sweep()
    (layout.generations / "2026-11-22T163000Z-0001").mkdir()
    layout.flip("2026-11-22T163000Z-0001")
    layout.sweep()
    assert len(layout.ids()) == 2
    assert layout.superseded_at(name) is not None
    assert layout.superseded_at("2026-11-22T163000Z-0001") is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "disk is full.*inodes, where `df --inodes`"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "read-only"),
        (errno.EIO, "refused"),
        (errno.EPERM, "user who owns"),
    ],
)
def test_a_refusal_of_the_system_says_what_to_do(number: int, words: str) -> None:
    with pytest.raises(PublishError, match=words), publish_errors(Path("/data")):
        raise OSError(number, "in the system's words", "/data/staging/x")
