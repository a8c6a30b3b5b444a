"""One question to the data of a generation, and its answer with where it comes from.

The query is checked before it meets a file: one ``SELECT`` or ``EXPLAIN``, over tables of the
manifest alone, on a DuckDB that can open the files of these tables and nothing else.
"""
