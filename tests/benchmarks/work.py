"""Which work is measured, what it may take, and how a result is shown. Pure."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["WORK", "Result", "Run", "Work", "compared", "groups", "line", "title"]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a piece of work took, in a process of its own."""

    seconds: float
    cpu: float
    peak_mib: int

    @classmethod
    def of(cls, seconds: float, usage: resource.struct_rusage) -> Run:
        """From what the kernel counted."""
        return cls(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work, what it is compared with, and what it may take.

    ``ratio`` is of its seconds to those of ``bar``, of the clock and of the processors alike;
    ``seconds`` are its own. ``scale`` is its share of the rows of ``orders``. ``before`` has to be
    done first and is not measured.
    """

    case: str
    bar: str | None = None
    ratio: float | None = None
    peak_mib: int | None = None
    seconds: float | None = None
    scale: float | None = None
    before: str | None = None
    needs: str | None = None
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What a piece of work took: medians of its runs, and of their ratios to the bar beside each.

    ``cpu`` says more than ``seconds`` where others work too.
    """

    case: str
    seconds: float = 0
    cpu: float = 0
    peak_mib: int = 0
    ratio: float | None = None
    cpu_ratio: float | None = None
    microseconds_per_row: float | None = None
    bound: str = ""
    is_within: bool | None = None
    skipped: str = ""


WORK = (
    Work("bare_copy"),
    Work("engine", "bare_copy"),
    Work("engine_512", "bare_copy", peak_mib=640),
    Work("engine_shuffled", "bare_copy", 1.7),
    Work("engine_inferred", "bare_copy", 1.5),
    Work("engine_one_file", "bare_copy"),
    Work("polars", "bare_copy", needs="polars"),
    Work("published", "bare_copy", 1.25, 1024, scale=1, before="published_before"),
    Work("bare_wide"),
    Work("engine_wide", "bare_wide", 1.5),
    Work("bare_upsert"),
    Work("engine_upsert", "bare_upsert"),
    Work("engine_replay", "bare_upsert"),
    Work("published_upsert", "bare_upsert", 1.5, 1024, before="published_upsert_before"),
    Work("bare_tenth"),
    Work("published_tenth", "bare_tenth", scale=0.1, before="published_tenth_before"),
    Work("engine_small"),
    Work("published_small", seconds=200 * 0.08, before="published_small_before"),
    Work("no_change", seconds=3, before="no_change_before"),
    Work("metrics", seconds=2.5, before="metrics_before"),
    Work("aggregates", before="profiled_files"),
    Work("profile_first", "aggregates", 2, 1024),
    Work("profile_months", seconds=1, peak_mib=1024, before="profile_months_before"),
    Work("unprofiled", before="unprofiled_before"),
    Work("profiled", "unprofiled", 1.15, 1024, before="profiled_before"),
    Work("unprofiled_upsert", before="unprofiled_upsert_before"),
    Work("profiled_upsert", "unprofiled_upsert", 1.15, 1024, before="profiled_upsert_before"),
    Work("unprofiled_small", before="unprofiled_small_before"),
    Work("profiled_small", "unprofiled_small", 1.15, before="profiled_small_before"),
    Work("gzipped", before="keboola_before"),
    Work("keboola", "gzipped", 1.18, 1024, scale=1),  # 85 % of the speed
    Work("keboola_small", seconds=200 * 0.15, before="keboola_small_before"),
    Work("bare_long", is_long=True),
    Work(
        "published_long",
        "bare_long",
        1.5,
        1024,
        scale=10,
        before="published_long_before",
        is_long=True,
    ),
)


def groups(chosen: Sequence[Work]) -> Iterator[list[Work]]:
    """The work in its order, what has one bar together with it and after it."""
    done: set[str] = set()
    for work in chosen:
        if work.case not in done:
            bar = work.bar or work.case
            group = [one for one in chosen if bar in (one.case, one.bar) and one.case not in done]
            done |= {one.case for one in group}
            yield group


def compared(work: Work, runs: Sequence[Run], bars: Sequence[Run], rows: int) -> Result:
    """What a piece of work took, beside the runs of its bar and within its bounds or not."""
    seconds, cpu = median(one.seconds for one in runs), median(one.cpu for one in runs)
    peak = max(one.peak_mib for one in runs)
    pairs = [*zip(runs, bars, strict=True)] if bars else []
    ratio = median(one.seconds / bar.seconds for one, bar in pairs) if pairs else None
    cpu_ratio = median(one.cpu / bar.cpu for one, bar in pairs) if pairs else None
    bounds = [
        *((ratio, work.ratio), (cpu_ratio, work.ratio)),
        *((peak, work.peak_mib), (seconds, work.seconds)),
    ]
    known = [(value, most) for value, most in bounds if value is not None and most is not None]
    return Result(
        case=work.case,
        seconds=round(seconds, 2),
        cpu=round(cpu, 2),
        peak_mib=peak,
        ratio=round(ratio, 2) if ratio else None,
        cpu_ratio=round(cpu_ratio, 2) if cpu_ratio else None,
        microseconds_per_row=round(seconds * 1e6 / (rows * work.scale), 2) if work.scale else None,
        bound=_bound(work),
        is_within=all(value <= most for value, most in known) if known else None,
    )


def _bound(work: Work) -> str:
    bounds = [f"{work.ratio} times {work.bar}"] if work.ratio else []
    bounds += [f"{work.seconds:g} s"] if work.seconds else []
    return ", ".join([*bounds, *([f"{work.peak_mib} MiB"] if work.peak_mib else [])])


def title() -> str:
    """The first line of the table for people."""
    return (
        f"{'work':17} {'s':>8} {'cpu s':>8} {'MiB':>6} {'ratio':>6} {'cpu':>6} {'µs/row':>7}  bound"
    )


def line(result: Result) -> str:
    """One result for people."""
    if result.skipped:
        return f"{result.case:17} {result.skipped}"
    compared = f"{result.ratio or '':>6} {result.cpu_ratio or '':>6}"
    took = f"{result.seconds:8.2f} {result.cpu:8.2f} {result.peak_mib:6}"
    verdict = {True: " (kept)", False: " (NOT KEPT)", None: ""}[result.is_within]
    per_row = f"{result.microseconds_per_row or '':>7}"
    return f"{result.case:17} {took} {compared} {per_row}  {result.bound}{verdict}".rstrip()
