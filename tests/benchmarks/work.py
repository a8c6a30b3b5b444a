"""Which work is measured, what it may take, and how a result is told. Pure."""

from __future__ import annotations

import resource
from dataclasses import dataclass

__all__ = ["WORK", "Result", "Work", "compared", "line", "title"]


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work, what it is compared with, and what it may take.

    ``ratio`` is of its seconds to those of ``bar``, ``seconds`` are its own. ``scale`` is its
    share of the rows of ``orders``. ``before`` has to be done first and is not measured.
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
    """What one piece of work took; ``cpu`` tells more than ``seconds`` where others work too."""

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
    Work("engine_shuffled", "bare_copy"),
    Work("engine_inferred", "bare_copy"),
    Work("engine_one_file", "bare_copy"),
    Work("polars", "bare_copy", needs="polars"),
    Work("published", "bare_copy", 1.5, 1024, scale=1, before="published_before"),
    Work("bare_wide"),
    Work("engine_wide", "bare_wide"),
    Work("bare_upsert"),
    Work("engine_upsert", "bare_upsert"),
    Work("engine_replay", "bare_upsert"),
    Work("published_upsert", "bare_upsert", 1.5, 1024),
    Work("bare_tenth"),
    Work("published_tenth", "bare_tenth", scale=0.1, before="published_tenth_before"),
    Work("engine_small"),
    Work("published_small", seconds=200 * 0.08, before="published_small_before"),
    Work("no_change", seconds=3, before="no_change_before"),
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


def compared(
    work: Work,
    seconds: float,
    usage: resource.struct_rusage,
    rows: int,
    found: dict[str, Result],
) -> Result:
    """What a piece of work took, beside its bar and within its bounds or not."""
    bar = found.get(work.bar or "")
    cpu, peak = usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024
    ratio = seconds / bar.seconds if bar and bar.seconds else None
    bounds = [(ratio, work.ratio), (peak, work.peak_mib), (seconds, work.seconds)]
    asked = [(value, most) for value, most in bounds if value is not None and most is not None]
    return Result(
        case=work.case,
        seconds=round(seconds, 2),
        cpu=round(cpu, 2),
        peak_mib=peak,
        ratio=round(ratio, 2) if ratio else None,
        cpu_ratio=round(cpu / bar.cpu, 2) if bar and bar.cpu else None,
        microseconds_per_row=round(seconds * 1e6 / (rows * work.scale), 2) if work.scale else None,
        bound=_bound(work),
        is_within=all(value <= most for value, most in asked) if asked else None,
    )


def _bound(work: Work) -> str:
    said = [f"{work.ratio} times {work.bar}"] if work.ratio else []
    said += [f"{work.seconds:g} s"] if work.seconds else []
    return ", ".join([*said, *([f"{work.peak_mib} MiB"] if work.peak_mib else [])])


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
