"""``broker analyst list``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from ...accounts.manage import list_analysts
from ..options import as_json
from ..terminal import say, say_json
from .host import find_host

__all__ = ["key_words", "list_command", "problems", "table"]


@click.command("list")
@as_json
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """List the analysts with their rights, their keys and their state on this host."""
    rows = list_analysts(find_host(context))
    if as_json:
        say_json(rows, indent=2)
    elif rows:
        say(*table(_HEAD, map(_cells, rows)), *problems(rows))
    else:
        say("no analysts yet; add one with: add-analyst NAME KEY")


_HEAD = (
    "NAME",
    "UID",
    "DATA",
    "LOGIN",
    "ORIGIN",
    "HOST",
    "LAST-SYNC",
    "MB",
    "FILES",
    "E-MAIL",
    "KEYS",
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows of cells below their heads, as lines."""
    cells = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def problems(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Why a state is what it is, where a person has to look."""
    return [f"{row['name']}: the home: {row['problem']}" for row in rows if row["problem"]]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["name"],
        str(row["uid"]),
        "+".join(["public", *row["classes"]]),
        "shell" if row["shell"] else "transfer",
        row["origin"],
        row["host"],
        row["last_sync"] or "-",
        f"{row['space']['bytes'] / 1e6:,.1f}" if row["space"] else "-",
        f"{row['space']['files']:,}" if row["space"] else "-",
        row["email"] or "-",
        " ".join(key_words(key, row["certificates"]) for key in row["keys"]) or "-",
    )


def key_words(key: dict[str, Any], certificates: Sequence[dict[str, Any]] = ()) -> str:
    """A key by its fingerprint, and its end."""
    ends = [one["until"] for one in certificates if one["fingerprint"] == key["fingerprint"]]
    words = [
        "revoked" if key["revoked"] else key["until"] and f"until {key['until']}",
        f"certificate until {max(ends)}" if ends else None,
    ]
    state = ", ".join(filter(None, words))
    return f"{key['fingerprint']}{f' ({state})' if state else ''}"
