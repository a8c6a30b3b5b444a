"""What an agent reads before it calls a tool. Clients cut each text at 2,000 characters."""

from __future__ import annotations

__all__ = ["DESCRIBE_TABLE", "FRESHNESS", "INSTRUCTIONS", "LIST_TABLES", "METRICS", "QUERY"]

INSTRUCTIONS = """\
Use these tools for every question about company data: numbers, trends, customers, orders, or \
whatever else stands in the tables of this folder. The data are files on this laptop, published by \
a data broker; a query reads one generation, so all tables are of the same moment.

How to answer a question:
1. metrics: if a metric is defined for what is asked, use its SQL; do not write your own formula.
2. list_tables with a word to search for, then describe_table: names, types and meanings.
3. query: one SELECT in DuckDB's SQL. Aggregate in SQL instead of fetching rows.
4. Say with the answer of when the tables are. Every answer of query has `tables` with their ages \
and `notes`; freshness shows all tables that are older than promised.

Facts: TIMESTAMPTZ is an instant in UTC, TIMESTAMP a wall time. Decimals are exact and come as \
texts. NULL, the empty text and 'NA' are three different things. Where `cut` is not null, there \
are more rows. Large partitioned tables need a condition on the column of their partitions."""

LIST_TABLES = """\
The tables of company data on this laptop: name, what it is about, rows, how old. Give `search` \
to see only tables that have this word in name, description or columns; `skip` leaves out so many \
from the beginning of a long list."""

DESCRIBE_TABLE = """\
One table in full: meaning and type of each column, primary key, foreign keys, partitions, rows, \
age. Give `search` to see only columns with this word in name or description."""

QUERY = """\
Ask the company data one SELECT (or SHOW TABLES, DESCRIBE, SUMMARIZE, EXPLAIN) in DuckDB's SQL. \
Tables are named as list_tables gives them; files, settings and other databases cannot be read. \
Values of $name come in `parameters`. The answer has columns, rows, the generation, the tables \
that were read with their ages, and notes. Where `cut` is not null, there are more rows."""

METRICS = """\
Business metrics as the company defines them, with title, unit, grain and the SQL to run by \
query. Look here before you compute revenue, customers or any other number with a name. Give \
`search` to see only metrics with this word."""

FRESHNESS = """\
How old the data are: the generation on this laptop, and each table that is older than promised \
or that failed to load on the broker, with the reason; then the age of the others."""
