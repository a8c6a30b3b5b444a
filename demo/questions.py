"""The three questions: asked where the analyst sits, answered as tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from .places import QUESTIONS

__all__ = ["ASK", "Answer", "ask", "show"]

Answer = dict[str, Any]
"""``title``, ``columns`` (names and types) and ``rows`` (texts) of one answer."""

# Runs on the laptop, which has DuckDB and nothing of this project: queries in, answers out.
ASK = """
import duckdb, json, sys
database, *queries = json.load(sys.stdin)
with duckdb.connect(database, read_only=True) as connection:
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    for sql in queries:
        asked = connection.execute(sql)
        columns = [[column[0], str(column[1])] for column in asked.description]
        rows = [[str(value) for value in row] for row in asked.fetchall()]
        print(json.dumps({"columns": columns, "rows": rows}))
"""


def ask(database: str, run: Callable[[str], Sequence[str]]) -> list[Answer]:
    """``run`` hands its text to ``ASK`` on the laptop and returns the lines that it prints."""
    queries = [path.read_text(encoding="utf-8") for path in sorted(QUESTIONS.glob("*.sql"))]
    lines = run(json.dumps([database, *queries]))
    answers = [json.loads(line) for line in lines]
    titles = [query.splitlines()[0].removeprefix("-- ") for query in queries]
    return [{"title": title, **answer} for title, answer in zip(titles, answers, strict=True)]


def show(answers: Sequence[Answer], console: Console) -> None:
    """Print each answer as a table."""
    for answer in answers:
        table = Table()
        numeric = [kind not in ("VARCHAR", "STRING") for _, kind in answer["columns"]]
        for (name, _), is_number in zip(answer["columns"], numeric, strict=True):
            table.add_column(name.replace("_", " "), justify="right" if is_number else "left")
        for row in answer["rows"]:
            table.add_row(*(_shown(v, n) for v, n in zip(row, numeric, strict=True)))
        console.print(f"\n[bold]{answer['title']}[/]", highlight=False, soft_wrap=True)
        console.print(table)


def _shown(text: str, is_number: bool) -> str:
    if not is_number or text == "None":
        return text
    return f"{Decimal(text):,}"
