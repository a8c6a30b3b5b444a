"""How the benchmarks compare: medians of runs beside the bar, and a verdict on both clocks."""

from __future__ import annotations

from tests.benchmarks.work import WORK, Run, Work, compared, groups, line

BARE = Work("bare")
LOAD = Work("load", "bare", 1.5, peak_mib=1024)


def runs(*seconds: float, cpu: float = 1.0, peak: int = 100) -> list[Run]:
    return [Run(one, one * cpu, peak) for one in seconds]


def test_what_has_one_bar_runs_beside_it() -> None:
    other = Work("other", "bare")
    found = list(groups([BARE, LOAD, Work("alone"), other]))
    assert [[one.case for one in group] for group in found] == [
        ["bare", "load", "other"],
        ["alone"],
    ]


def test_work_whose_bar_is_not_chosen_runs_all_the_same() -> None:
    assert list(groups([LOAD])) == [[LOAD]]
    assert compared(LOAD, runs(2.0), [], 10).ratio is None


def test_all_work_is_measured_once() -> None:
    assert sorted(one.case for group in groups(WORK) for one in group) == sorted(
        one.case for one in WORK
    )


def test_the_median_of_ratios_counts_and_not_the_ratio_of_medians() -> None:
    # A machine that is three times as slow for a while is so for both of a pair.
    found = compared(LOAD, runs(14.0, 42.0, 12.0), runs(10.0, 30.0, 10.0), 10)
    assert (found.ratio, found.seconds, found.is_within) == (1.4, 14.0, True)


def test_a_bar_is_kept_by_the_clock_and_by_the_processors() -> None:
    beside = runs(10.0)
    assert compared(LOAD, runs(14.0, cpu=1.2), beside, 10).is_within is False
    assert compared(LOAD, runs(16.0, cpu=0.5), beside, 10).is_within is False
    assert compared(LOAD, runs(14.0, peak=2000), beside, 10).is_within is False
    assert "(NOT KEPT)" in line(compared(LOAD, runs(16.0), beside, 10))
