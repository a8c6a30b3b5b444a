"""What profiles cost of the runs that publish."""

from __future__ import annotations

import shutil
from pathlib import Path

from .published import deliver, publish_orders, publish_others, publish_small

__all__ = [
    "profiled",
    "profiled_before",
    "profiled_small",
    "profiled_small_before",
    "profiled_upsert",
    "profiled_upsert_before",
    "unprofiled",
    "unprofiled_before",
    "unprofiled_small",
    "unprofiled_small_before",
    "unprofiled_upsert",
    "unprofiled_upsert_before",
]

_WITHOUT = "profiles: {enabled: false}\n"


def unprofiled_before(folder: Path) -> None:
    """Other tables, published before."""
    publish_others(folder, "unprofiled", "orders")


def unprofiled(folder: Path) -> None:
    """Load and publish ``orders`` without profiles."""
    publish_orders(folder, "unprofiled", _WITHOUT)


def profiled_before(folder: Path) -> None:
    """Other tables, published before."""
    publish_others(folder, "profiled", "orders")


def profiled(folder: Path) -> None:
    """The same with profiles."""
    publish_orders(folder, "profiled")


def unprofiled_upsert_before(folder: Path) -> None:
    """The load, and what is delivered after it."""
    unprofiled_before(folder)
    unprofiled(folder)
    deliver(folder, "unprofiled", "changes")


def unprofiled_upsert(folder: Path) -> None:
    """Upsert 1.5 % into what was published, without profiles."""
    unprofiled(folder)


def profiled_upsert_before(folder: Path) -> None:
    """The load, and what is delivered after it."""
    profiled_before(folder)
    profiled(folder)
    deliver(folder, "profiled", "changes")


def profiled_upsert(folder: Path) -> None:
    """The same with profiles."""
    profiled(folder)


def unprofiled_small_before(folder: Path) -> None:
    """Nothing is published."""
    shutil.rmtree(folder / "unprofiled-small", ignore_errors=True)


def unprofiled_small(folder: Path) -> None:
    """200 tables of 2,000 rows, full refresh, without profiles."""
    publish_small(folder, "unprofiled-small", _WITHOUT)


def profiled_small_before(folder: Path) -> None:
    """Nothing is published."""
    shutil.rmtree(folder / "profiled-small", ignore_errors=True)


def profiled_small(folder: Path) -> None:
    """The same with profiles."""
    publish_small(folder, "profiled-small")
