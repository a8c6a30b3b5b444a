"""The metrics that a generation defines, from its signed document."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ...errors import LaptopError
from ...foreign.strict_json import parse_json
from ...manifest import Manifest
from .budget import with_list

__all__ = ["metrics_of"]

_PATH = "docs/metrics.json"
_NONE = (
    "The company defines no metrics here. Compute from tables, and say with the answer how it was "
    "computed."
)


def metrics_of(manifest: Manifest, tree: Path, search: str) -> str:
    """Those that have a word; raises ``LaptopError`` where the document is not as signed."""
    document = next((one for one in manifest.documents if one.path == _PATH), None)
    head: dict[str, Any] = {"generation": manifest.generation}
    found = [] if document is None else _read(tree / _PATH, document.bytes, document.sha256)
    if not found:
        return with_list({**head, "note": _NONE}, "metrics", [], "")
    fitting = [one for one in found if _has(search, one)]
    head["count"] = len(fitting)
    return with_list(head, "metrics", fitting, "Give a word to search for.")


def _read(place: Path, size: int, sha256: str) -> list[dict[str, Any]]:
    with place.open("rb") as stream:
        content = stream.read(size + 1)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise LaptopError(
            "a document is not the one that the broker published",
            where=_PATH,
            remedy="Run: bash server/scripts/sync_data.sh",
        )
    try:
        metrics = parse_json(content)["metrics"]
        return [{str(key): value for key, value in one.items()} for one in metrics]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LaptopError(
            "the list of metrics cannot be read", where=_PATH, remedy="Tell the broker's operator."
        ) from error


def _has(search: str, metric: dict[str, Any]) -> bool:
    texts = [str(metric.get(key, "")) for key in ("name", "title", "description", "synonyms")]
    return any(search.lower() in text.lower() for text in texts)
