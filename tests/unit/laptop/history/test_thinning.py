"""Which earlier generations stay, by their names and by how long they are not in use."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest

from broker.laptop.history.thinning import EarlierGeneration, day_of, staying

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)


def made(when: datetime, superseded: datetime) -> EarlierGeneration:
    return EarlierGeneration(f"{when:%Y-%m-%dT%H%M%SZ}-0000", superseded)


def hourly(hours: int) -> list[EarlierGeneration]:
    """One per hour up to now, each superseded by the next."""
    starts = [NOON - timedelta(hours=hour) for hour in range(hours, 0, -1)]
    return [made(start, start + timedelta(hours=1)) for start in starts]


CURRENT = f"{NOON:%Y-%m-%dT%H%M%SZ}-0000"


def test_without_a_history_the_one_before_stays_and_what_readers_may_have_open() -> None:
    stay = staying(hourly(100), CURRENT, NOON, 0)
    assert stay == {one.name for one in hourly(25)}
    old = [made(NOON - timedelta(days=n), NOON - timedelta(days=n - 1)) for n in (9, 8, 7)]
    assert staying(old, CURRENT, NOON, 0) == {old[-1].name}


def test_with_one_the_newest_of_each_day_stays() -> None:
    stay = staying(hourly(24 * 9), CURRENT, NOON, 7) - staying(hourly(24 * 9), CURRENT, NOON, 0)
    days = [f"2026-05-{day}T230000Z-0000" for day in (13, 14, 15, 16, 17, 18)]
    assert sorted(stay) == days


def test_the_one_in_use_may_be_the_newest_of_its_day() -> None:
    long_ago = NOON - timedelta(days=3)
    earlier = [made(long_ago - timedelta(hours=hour), NOON) for hour in (1, 2)]
    earlier = [EarlierGeneration(one.name, long_ago) for one in earlier]
    current = f"{long_ago:%Y-%m-%dT%H%M%SZ}-0000"
    assert staying(earlier, current, NOON, 7) == {earlier[0].name}  # the one before alone


def test_nothing_stays_of_nothing() -> None:
    assert staying([], CURRENT, NOON, 7) == set()
    assert staying([], None, NOON, 7) == set()


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026-05-20T120000Z-00ff", date(2026, 5, 20)),
        ("2026-05-20T120000Z-00ff++", date(2026, 5, 20)),
        ("2026-13-20T120000Z-00ff", None),
        ("another", None),
    ],
)
def test_the_day_stands_in_the_name(name: str, day: date | None) -> None:
    assert day_of(name) == day


def test_at_any_moment_each_day_that_had_one_still_has_its_newest() -> None:
    """Random histories, pruned at random moments: what is gone was not the last of its day."""
    chance = random.Random(18)  # noqa: S311  repeatable, not secret
    for _ in range(100):
        days = chance.choice([0, 1, 3, 7])
        now, current = NOON, CURRENT
        standing: list[EarlierGeneration] = []
        made_at = {current: now}
        for _ in range(40):
            now += timedelta(minutes=chance.randint(1, 2_000))
            standing.append(EarlierGeneration(current, now))
            current = f"{now:%Y-%m-%dT%H%M%SZ}-0000"
            made_at[current] = now
            if chance.random() < 0.5:
                stay = staying(standing, current, now, days)
                assert stay <= {one.name for one in standing}
                assert standing[-1].name in stay
                standing = [one for one in standing if one.name in stay]
            here = {one.name for one in standing} | {current}
            for at in range(days + 1):
                day = (now - timedelta(days=at)).date()
                of_day = [name for name, when in made_at.items() if when.date() == day]
                assert not of_day or max(of_day) in here
