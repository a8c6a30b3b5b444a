"""What the objects of exports are: which key is a manifest, and which is slice number what."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence

from ..faults import Fault, Place

__all__ = ["Keys", "spoiled_manifest"]


class Keys:
    """What stands under which key. Safe to use from several threads."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._lock = threading.Lock()
        self._places: dict[str, Place] = {}

    def know(self, manifest: str | None, slices: Sequence[str], table: str | None) -> None:
        """Remember the keys of one export."""
        found = {manifest: Place("manifest", table)} if manifest else {}
        for number, key in enumerate(slices):
            found[key] = Place("slice", table, number, len(slices))
        with self._lock:
            self._places |= found

    def place(self, key: str | None) -> Place | None:
        """What a key is; None where it is not a part of an export."""
        with self._lock:
            return self._places.get(key or "")


def spoiled_manifest(body: bytes, fault: Fault) -> bytes:
    """A manifest without entries, or with them in another order."""
    manifest = json.loads(body)
    entries = manifest["entries"]
    if fault.kind == "empty_manifest":
        entries = []
    elif fault.kind == "shuffled":
        shuffled = random.Random(len(entries)).sample(entries, len(entries))  # noqa: S311
        entries = entries[::-1] if shuffled == entries else shuffled
    return json.dumps({**manifest, "entries": entries}).encode()
