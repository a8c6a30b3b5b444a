"""Object stores that hold an export's slices, spoken to by their providers' own libraries."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from ..faults import Faults
from ..serving import Serving
from .leases import Leases
from .store import Store, StoredFile

__all__ = ["STORES", "Store", "StoredFile", "open_store"]

# Imported when wanted: a provider's library takes a second to come.
STORES = {
    "http": ("plain", "PlainStore"),
    "aws": ("s3", "S3Store"),
    "azure": ("azure", "AzureStore"),
    "gcp": ("gcs", "GcsStore"),
}


def open_store(name: str, serving: Serving, folder: Path, faults: Faults, leases: Leases) -> Store:
    """Start a store by the name of its provider."""
    module, kind = STORES[name]
    found: Store = getattr(import_module(f"{__name__}.{module}"), kind)(
        serving, folder, faults, leases
    )
    return found
