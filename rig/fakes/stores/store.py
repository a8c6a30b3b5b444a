"""What the stand-in asks of an object store, whichever provider's it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .keys import Keys

__all__ = ["Store", "StoredFile"]


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as the Storage API knows it: one object, or slices below the same key."""

    id: int
    name: str
    key: str
    is_sliced: bool = False

    @property
    def manifest(self) -> str:
        """The key of the manifest; the provider-independent rule has no separator."""
        return f"{self.key}manifest"


class Store(Protocol):
    """Objects by key. Every call blocks, so it runs on a worker thread.

    ``settings`` are the environment variables by which the provider's library finds it.
    """

    provider: str
    keys: Keys
    settings: Mapping[str, str]

    def put(self, key: str, path: Path) -> None:
        """Keep a local file under a key; the file may be moved away."""

    def fetch(self, key: str, path: Path) -> None:
        """Write an object to a local path; ``FileNotFoundError`` where there is none."""

    def delete(self, prefix: str) -> None:
        """Remove all objects whose key begins so."""

    def entry(self, key: str) -> str:
        """How a manifest names an object."""

    def location(self, file: StoredFile, *, federated: bool) -> dict[str, Any]:
        """The provider's own fields of a file's detail; credentials where federated."""

    def upload(self, file: StoredFile) -> dict[str, Any]:
        """The provider's own fields of a prepared file, with what may upload it."""

    def stop(self) -> None:
        """End what the store runs."""
