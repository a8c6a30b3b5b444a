"""What people write, turned into frozen, validated objects."""

from .description import CsvDialect, Description, ForeignKeySection, TableDescription, WhereFilter
from .instance import AccessClass, Dataset, Instance, Retention, Sync
from .load import find_config_dir, load_description, load_instance
from .metric import MetricDescription, PlacedMetric
from .metric_files import load_metrics
from .placeholders import PLACEHOLDERS
from .problems import InvalidConfigError
from .schema import json_schema
from .source import SourceConfig
from .values import Section

__all__ = [
    "PLACEHOLDERS",
    "AccessClass",
    "CsvDialect",
    "Dataset",
    "Description",
    "ForeignKeySection",
    "Instance",
    "InvalidConfigError",
    "MetricDescription",
    "PlacedMetric",
    "Retention",
    "Section",
    "SourceConfig",
    "Sync",
    "TableDescription",
    "WhereFilter",
    "find_config_dir",
    "json_schema",
    "load_description",
    "load_instance",
    "load_metrics",
]
