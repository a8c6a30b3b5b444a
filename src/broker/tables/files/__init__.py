"""Rows to Parquet files whose bytes depend on the rows alone, whole or changed."""
