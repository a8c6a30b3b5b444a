"""The table engine: Arrow batches in, typed and partitioned Parquet out."""
