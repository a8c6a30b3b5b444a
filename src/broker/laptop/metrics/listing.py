"""The metrics of the generation in use, from the document that its signed manifest lists."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from ...errors import LaptopError, PublishError, nearest, same_name
from ...foreign.text import shown
from ...manifest import Manifest
from ...metrics.model import METRICS, Metric, metrics_from_json
from ..starting import SYNC

__all__ = ["metric_named", "read_metrics"]


def read_metrics(manifest: Manifest, tree: Path) -> tuple[Metric, ...]:
    """Those that this analyst may know; none where the broker publishes none to them.

    ``tree`` is the folder of the generation. Raises ``LaptopError`` for a file that is not as the
    manifest lists it, or that no broker writes.
    """
    entry = next((one for one in manifest.documents if one.path == METRICS), None)
    if entry is None:
        return ()
    try:
        with (tree / METRICS).open("rb") as stream:
            content = stream.read(entry.bytes + 1)
    except OSError as error:
        raise _damaged(error.strerror or "an error") from error
    if hashlib.sha256(content).hexdigest() != entry.sha256:
        raise _damaged("other content")
    try:
        return metrics_from_json(content, where=METRICS)
    except PublishError as error:
        raise LaptopError(
            f"the metrics cannot be used: {error.message}",
            where=METRICS,
            found=error.found,
            remedy="Tell the broker's operator.",
        ) from error


def metric_named(metrics: Sequence[Metric], name: str) -> Metric:
    """The metric of this name or synonym; case, blanks, ``_`` and ``-`` make no difference.

    Raises ``LaptopError`` with the one that was probably wanted.
    """
    by_name = {same_name(word): one for one in reversed(metrics) for word in one.synonyms}
    by_name |= {same_name(one.name): one for one in metrics}
    if (found := by_name.get(same_name(name))) is not None:
        return found
    near = nearest(same_name(name), by_name)
    raise LaptopError(
        "there is no such metric" if metrics else "the broker publishes no metric to you",
        found=shown(name, 100),
        remedy=f"Did you mean {by_name[near].name}?" if near else "`metrics` lists what there is.",
    )


def _damaged(found: str) -> LaptopError:
    return LaptopError(
        "the list of metrics is not as the manifest lists it",
        where=METRICS,
        found=found,
        remedy=f"Run: {SYNC}",
    )
