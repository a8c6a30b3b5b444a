"""The data broker: sources in, signed generations of Parquet out, each analyst their share."""

__version__ = "0.1.0"
