"""Object stores that hold an export's slices, spoken to by their providers' own libraries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ..faults import Faults
from ..serving import Serving
from .leases import Leases
from .plain import PlainStore
from .s3 import S3Store
from .store import Store, StoredFile

__all__ = ["STORES", "Store", "StoredFile", "open_store"]

Opener = Callable[[Serving, Path, Faults, Leases], Store]
STORES: dict[str, Opener] = {"http": PlainStore, "aws": S3Store}


def open_store(name: str, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> Store:
    """Start a store by the name of its provider."""
    return STORES[name](serving, folder, faults, leases)
