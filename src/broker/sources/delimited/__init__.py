"""Delimited text, wherever it lies: dialects, records, rows."""
