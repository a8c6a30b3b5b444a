"""What the benchmarks of the laptop make of runs: medians, bars, and what people read."""

from __future__ import annotations

from tests.benchmarks.laptop.figures import Figure, line_of, median_of, ratios


def test_each_run_is_compared_with_the_one_beside_it() -> None:
    # A machine that is three times as slow for a while is so for both of a pair.
    assert ratios([14.0, 42.0, 12.0], [10.0, 30.0, 10.0]) == [1.4, 1.4, 1.2]
    assert median_of("work", ratios([14.0, 42.0, 12.0], [10.0, 30.0, 10.0]), "times").value == 1.4


def test_a_bar_is_kept_up_to_its_very_value() -> None:
    assert Figure("a", 1.5, "s", most=1.5).is_within is True
    assert Figure("a", 1.51, "s", most=1.5).is_within is False
    assert Figure("a", 90, "%", least=90).is_within is True
    assert Figure("a", 89.9, "%", least=90).is_within is False
    assert Figure("a", 1, "s").is_within is None
    assert Figure("failed", 0, "", most=0).is_within is True


def test_a_line_shows_the_bar_the_verdict_and_the_noise() -> None:
    line = line_of(median_of("nothing new", [1.2, 1.9, 1.6], "s", most=1.5, note="slow link"))
    assert line.split(maxsplit=2)[2] == (
        "1.60 s     at most 1.50 (NOT KEPT) [1.20 to 1.90, 3 runs] slow link"
    )
    assert "(kept)" in line_of(Figure("a", 0, "", most=0))
    assert line_of(Figure("a", 1_234.5, "kB")).endswith("1,234 kB")
