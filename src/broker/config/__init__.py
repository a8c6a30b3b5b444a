"""What people write, turned into frozen, validated objects."""

from .description import CsvDialect, Description, ForeignKeySection, TableDescription, WhereFilter
from .instance import AccessClass, Dataset, Instance, Retention, Sync
from .load import (
    SECTIONS_OF_PORTAL,
    SECTIONS_OF_SOURCES,
    find_config_dir,
    load_description,
    load_instance,
)
from .metric import MetricDescription, PlacedMetric
from .metric_files import load_metrics
from .placeholders import PLACEHOLDERS
from .problems import InvalidConfigError
from .schema import json_schema
from .sign_in import Auth, Email, IdentityProvider, Smtp
from .source import SourceConfig
from .values import Section

__all__ = [
    "PLACEHOLDERS",
    "SECTIONS_OF_PORTAL",
    "SECTIONS_OF_SOURCES",
    "AccessClass",
    "Auth",
    "CsvDialect",
    "Dataset",
    "Description",
    "Email",
    "ForeignKeySection",
    "IdentityProvider",
    "Instance",
    "InvalidConfigError",
    "MetricDescription",
    "PlacedMetric",
    "Retention",
    "Section",
    "Smtp",
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
