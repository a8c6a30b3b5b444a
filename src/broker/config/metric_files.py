"""From the folder ``metrics`` beside ``instance.yaml`` to metrics: one in each file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import ConfigError, same_name
from .document import Document
from .metric import MetricDescription, PlacedMetric
from .problems import raise_if_any, validated
from .text_file import read_text

__all__ = ["METRICS_FOLDER", "load_metrics"]

METRICS_FOLDER = "metrics"
_MOST = 1_000  # a laptop reads all of them at once


def load_metrics(config_dir: Path) -> tuple[PlacedMetric, ...]:
    """The metrics, by the names of their files; none where there is no such folder.

    Raises ``InvalidConfigError`` with everything that is wrong in all files.
    """
    folder = config_dir / METRICS_FOLDER
    problems: list[ConfigError] = []
    metrics: list[PlacedMetric] = []
    for path in sorted(one for one in folder.rglob("*") if one.suffix in (".yml", ".yaml")):
        if path.parent != folder or path.suffix != ".yml":
            problems.append(_misplaced(path, folder))
            continue
        metric, wrong = _read(path)
        problems += wrong
        metrics += [metric] if metric is not None else []
    if len(metrics) > _MOST:
        problems.append(_too_many(folder, len(metrics)))
    raise_if_any([*problems, *_twice(metrics)])
    return tuple(metrics)


def _read(path: Path) -> tuple[PlacedMetric | None, list[ConfigError]]:
    try:
        document = Document(read_text(path), path)
    except ConfigError as error:
        return None, [error]
    metric, problems = validated(MetricDescription, document.data, document)
    problems += document.problems
    return (None if metric is None else PlacedMetric(metric, document)), problems


def _misplaced(path: Path, folder: Path) -> ConfigError:
    return ConfigError(
        "this file would not be read as a metric",
        where=str(path),
        expected=f"{folder}/NAME.yml",
        remedy="Move or rename it.",
    )


def _too_many(folder: Path, count: int) -> ConfigError:
    return ConfigError(
        "there are too many metrics",
        where=str(folder),
        expected=f"{_MOST:,} at most",
        found=f"{count:,}",
    )


def _twice(metrics: Sequence[PlacedMetric]) -> Iterator[ConfigError]:
    """A word that names two metrics would name neither."""
    first: dict[str, PlacedMetric] = {}
    for one in metrics:
        words = {"name": (one.metric.name,), "synonyms": one.metric.synonyms}
        for key, names in words.items():
            for name in names:
                other = first.setdefault(same_name(name), one)
                if other is not one:
                    yield ConfigError(
                        f"{key} has a name of another metric",
                        where=one.where(key),
                        expected="names and synonyms that are each of one metric alone",
                        found=f"'{name}', which is metric {other.metric.name} at {other.where()}",
                    )
