"""``broker analyst add|list|remove`` on the host, and their short names."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from ..accounts import (
    DebianSystem,
    Layout,
    Outcome,
    Request,
    System,
    check_name,
    converge,
    parse_request,
)
from ..accounts import (
    list_analysts as list_all,
)
from ..errors import AccountsError
from . import guarded
from .options import as_json

__all__ = ["Host", "add_analyst", "analyst", "list_analysts", "remove_analyst"]


@dataclass(frozen=True, slots=True)
class Host:
    """The host that the commands look after: this one, unless a context object says another."""

    layout: Layout = field(default_factory=Layout)
    system: System = field(default_factory=DebianSystem)


@click.group()
def analyst() -> None:
    """Say who may log in and pull data."""


@analyst.command("add")
@click.argument("name")
@click.argument("keys", metavar="[KEY]...", nargs=-1)
@click.option("--email", help="Where this person is reached.")
@click.option(
    "--private/--no-private",
    default=None,
    help="Grant private data, or revoke it. Without it: as it is, and no for somebody new.",
)
@click.pass_context
def _add(
    context: click.Context,
    name: str,
    keys: tuple[str, ...],
    email: str | None,
    private: bool | None,
) -> None:
    """Add an analyst, or change one.

    KEY is the line in the analyst's .pub file, in quotes. Keys that are given replace the ones
    before; without one they stay.
    """
    request = parse_request(name, email=email, keys=keys or None, private=private)
    outcome = _converge(context, [request])
    (facts,) = outcome.analysts
    data = "public and private data" if facts["private"] else "public data"
    prints = ", ".join(key["fingerprint"] for key in facts["keys"])
    click.echo(f"{name}: {_done(outcome, 'set up')} (uid {facts['uid']}, {data}, {prints})")


@analyst.command("list")
@as_json
@click.pass_context
def _list(context: click.Context, as_json: bool) -> None:
    """List the analysts with their rights, their keys and their state on this host."""
    host = _host(context)
    rows = list_all(host.layout, host.system)
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif rows:
        click.echo("\n".join(_table(rows)))
    else:
        click.echo("no analysts yet; add one with: add-analyst NAME KEY")


@analyst.command("remove")
@click.argument("name")
@click.option("--delete-home", is_flag=True, help="Delete the home; else it is archived.")
@click.pass_context
def _remove(context: click.Context, name: str, delete_home: bool) -> None:
    """Remove an analyst: keys, sessions, processes, groups, account and home."""
    host = _host(context)
    _refuse_unknown(name, [row["name"] for row in list_all(host.layout, host.system)])
    request = parse_request(name, state="absent", home="delete" if delete_home else "archive")
    _converge(context, [request])
    home = "deleted" if delete_home else f"moved to {host.layout.archive}"
    click.echo(f"{name}: removed; keys and account are gone, the home is {home}")


def add_analyst() -> None:
    """The program ``add-analyst``."""
    guarded(_add, "add-analyst")


def list_analysts() -> None:
    """The program ``list-analysts``."""
    guarded(_list, "list-analysts")


def remove_analyst() -> None:
    """The program ``remove-analyst``."""
    guarded(_remove, "remove-analyst")


def _host(context: click.Context) -> Host:
    return context.find_object(Host) or Host()


def _converge(context: click.Context, requests: Sequence[Request]) -> Outcome:
    host = _host(context)
    return converge(requests, host.layout, host.system)


def _done(outcome: Outcome, word: str) -> str:
    return word if outcome.changed else "nothing to do, everything is as asked"


def _refuse_unknown(name: str, known: Sequence[str]) -> None:
    """In a playbook an absent analyst is fine; a person who types a wrong name wants to know."""
    check_name(name)
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else "Look at the names with: list-analysts."
        raise AccountsError("there is no such analyst", where=f"analyst {name!r}", remedy=hint)


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    head = ("NAME", "UID", "DATA", "ORIGIN", "HOST", "E-MAIL", "KEYS")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        row["name"],
        str(row["uid"]),
        "+".join(["public", *row["classes"]]),
        row["origin"],
        row["host"],
        row["email"] or "-",
        " ".join(key["fingerprint"] for key in row["keys"]) or "-",
    )
