"""Tables and queries of Google BigQuery. Its libraries are the extra ``data-broker[bigquery]``."""

from .source import BigQuerySource

__all__ = ["BigQuerySource"]
