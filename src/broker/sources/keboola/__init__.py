"""Tables of a Keboola project, through its Storage API."""

from .source import KeboolaSource

__all__ = ["KeboolaSource"]
