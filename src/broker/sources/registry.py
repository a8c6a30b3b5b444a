"""Which kinds of source there are: ours, and those that other installed packages bring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from ..config import SourceConfig
from ..config.problems import did_you_mean
from ..errors import ConfigError
from .contract import Source

__all__ = [
    "BUILT_IN",
    "GROUP",
    "open_configured",
    "open_source",
    "settings_problems",
    "source_types",
]

GROUP = "broker.sources"

# The same lines as in pyproject.toml (a test compares them), so that a checkout that is not
# installed has its sources too.
BUILT_IN = {
    "bigquery": "broker.sources.bigquery:BigQuerySource",
    "csv": "broker.sources.csv:CsvSource",
    "keboola": "broker.sources.keboola:KeboolaSource",
}

Factory = Callable[[Mapping[str, Any], Path], Source]


def open_source(name: str, settings: Mapping[str, Any], config_dir: Path) -> Source:
    """The source of type ``name``, opened with its ``settings`` from ``instance.yaml``.

    Relative paths in the settings are relative to ``config_dir``. Raises ``ConfigError`` when
    there is no such type, or when its settings are invalid.
    """
    points = source_types()
    if name not in points:
        raise ConfigError(
            "there is no such type of source",
            where="data_source.type",
            expected=f"one of {', '.join(sorted(points))}",
            found=repr(str(name)),
            remedy=did_you_mean(name, points),
        )
    return _factory(points[name])(settings, config_dir)


def open_configured(config: SourceConfig, config_dir: Path) -> Source:
    """The same for a source of ``instance.yaml``; mistakes in its settings have their line."""
    try:
        return open_source(config.type, config.settings, config_dir)
    except ConfigError as error:
        if error.where not in ("data_source", "data_source.type"):
            raise
        raise ConfigError(
            error.message,
            where=config.where(),
            expected=error.expected,
            found=error.found,
            remedy=error.remedy,
        ) from None


def settings_problems(config: SourceConfig) -> list[ConfigError]:
    """What is wrong with the settings of a source, with their lines; nothing is opened.

    A source says by a class attribute ``Settings``, a ``Section``, what it takes; one that says
    nothing checks its settings itself when it is opened. A type that is not known has none.
    """
    point = source_types().get(config.type)
    model = None if point is None else getattr(_factory(point), "Settings", None)
    return [] if model is None else config.problems(model)


def source_types() -> dict[str, EntryPoint]:
    """Every type that can be opened, by name. A package cannot take the name of one of ours."""
    ours = {name: EntryPoint(name, value, GROUP) for name, value in BUILT_IN.items()}
    return {point.name: point for point in entry_points(group=GROUP)} | ours


def _factory(point: EntryPoint) -> Factory:
    try:
        factory: Factory = getattr(import_module(point.module), point.attr)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"the source {point.name!r} cannot be loaded: {error}",
            where="data_source.type",
            remedy="Install the package that brings it, whole and in its right version.",
        ) from error
    return factory
