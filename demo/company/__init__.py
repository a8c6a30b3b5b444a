"""Juniper Lane, a company that does not exist: two years of a home-goods retailer, as CSV files.

``python -m demo.company --out DIR`` writes ``DIR/csv`` and ``DIR/config``; the same options give
the same bytes.
"""

from .generate import DEFAULT_TODAY, TABLES, Company, GeneratedTable, generate

__all__ = ["DEFAULT_TODAY", "TABLES", "Company", "GeneratedTable", "generate"]
