"""Tables in CSV files: a folder on this machine, or a remote location."""

from .source import CsvSource

__all__ = ["CsvSource"]
