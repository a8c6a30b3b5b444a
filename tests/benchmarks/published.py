"""Work as an operator has it: ``broker sync``, from CSV files to a signed, published generation."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from broker.cli import broker
from broker.publish import Store

from .data import ORDERS

__all__ = [
    "no_change",
    "no_change_before",
    "published",
    "published_before",
    "published_long",
    "published_long_before",
    "published_small",
    "published_small_before",
    "published_tenth",
    "published_tenth_before",
    "published_upsert",
    "published_upsert_before",
]

SMALL, LINKED = 200, 20
TYPES = ", ".join(f'{name}: "{type_}"' for name, type_ in ORDERS.items())
TABLE = (
    "  - {id: shop.orders, file: %s.csv, primary_key: id, partition_by: created_at, "
    "sync_strategy: incremental, deletions: append_only, types: {" + TYPES + "}}\n"
)


def _small(tables: int, strategy: str) -> str:
    return "".join(f"  - {{id: shop.small{n}, primary_key: id{strategy}}}\n" for n in range(tables))


def _sync(folder: Path, name: str, tables: str, more: str = "") -> Store:
    """One ``broker sync`` of these tables, whose files stand in ``folder``.

    ``more`` is of ``instance.yaml``.
    """
    config, data = folder / name / "config", folder / name / "data"
    config.mkdir(parents=True, exist_ok=True)
    (config / "instance.yaml").write_text(f"data_source: {{type: csv, path: ../..}}\n{more}")
    (config / "data_description.md").write_text(f"```yaml\ntables:\n{tables}```\n")
    words = ["sync", "--json", "--config", str(config), "--data", str(data)]
    code = broker.main(words, standalone_mode=False)
    if code:
        raise SystemExit(f"the sync ended with {code}")
    return Store(data)


def publish_others(folder: Path, name: str, file: str) -> None:
    """A generation of other tables, whose files the next one links; and a delivered file."""
    shutil.rmtree(folder / name, ignore_errors=True)
    deliver(folder, name, file)
    _sync(folder, name, _small(LINKED, ""))


def deliver(folder: Path, name: str, file: str) -> None:
    """Put a file where the table of a store is read from: a link would be refused."""
    shutil.copyfile(folder / f"{file}.csv", folder / f"{name}.csv")


def publish_orders(folder: Path, name: str, more: str = "") -> None:
    """Publish what was delivered. ``more`` is of ``instance.yaml``."""
    store = _sync(folder, name, TABLE % name + _small(LINKED, ""), more)
    entry = store.generation().manifest.table("shop.orders")
    if entry is None or not entry.rows or entry.rejects:
        raise SystemExit("the table was not published as it should be")


def published_before(folder: Path) -> None:
    """Other tables, published before."""
    shutil.rmtree(folder / "published-kept", ignore_errors=True)
    publish_others(folder, "published", "orders")


def published(folder: Path) -> None:
    """Typed, rejects, sorted, 24 monthly files, hashed; manifest signed, others linked."""
    publish_orders(folder, "published")


def publish_small(folder: Path, name: str, more: str = "") -> None:
    """Publish 200 tables. ``more`` is of ``instance.yaml``, as in ``publish_orders``."""
    _sync(folder, name, _small(SMALL, ""), more)


def published_upsert(folder: Path) -> None:
    """Upsert 1.5 % into what was just published."""
    store = _sync(folder, "published", TABLE % "published" + _small(LINKED, ""))
    entry = store.generation().manifest.table("shop.orders")
    if entry is None or not entry.changes:
        raise SystemExit("the table was not merged")


def published_upsert_before(folder: Path) -> None:
    """The store as the load left it, of hard links: nothing in it is written again."""
    store, kept = folder / "published", folder / "published-kept"
    source, target = (kept, store) if kept.exists() else (store, kept)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True, copy_function=os.link)
    deliver(folder, "published", "changes")


def published_tenth_before(folder: Path) -> None:
    """Other tables, published before."""
    publish_others(folder, "published-tenth", "tenth")


def published_tenth(folder: Path) -> None:
    """The same load of a tenth of the rows."""
    publish_orders(folder, "published-tenth")


def published_long_before(folder: Path) -> None:
    """Other tables, published before."""
    publish_others(folder, "published-long", "long")


def published_long(folder: Path) -> None:
    """The same load of ten times the rows."""
    publish_orders(folder, "published-long")


def published_small_before(folder: Path) -> None:
    """Nothing is published."""
    shutil.rmtree(folder / "small", ignore_errors=True)


def published_small(folder: Path) -> None:
    """200 tables of 2,000 rows, full refresh."""
    publish_small(folder, "small")


_INCREMENTAL = (
    ", sync_strategy: incremental, deletions: append_only, incremental_column: updated_at"
)


def no_change_before(folder: Path) -> None:
    """200 incremental tables, published."""
    shutil.rmtree(folder / "no-change", ignore_errors=True)
    _sync(folder, "no-change", _small(SMALL, _INCREMENTAL))


def no_change(folder: Path) -> None:
    """An incremental run in which nothing changed."""
    data = folder / "no-change" / "data"
    before = Store(data).generation().manifest
    after = _sync(folder, "no-change", _small(SMALL, _INCREMENTAL)).generation().manifest
    if [table.files for table in before.tables] != [table.files for table in after.tables]:
        raise SystemExit("files were written although nothing changed")
