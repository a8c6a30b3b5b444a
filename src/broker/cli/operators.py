"""``broker operator add|list|remove|key``: those who look after the broker."""

from __future__ import annotations

import click

from ..accounts.manage import list_operators
from ..accounts.records.model import parse_request
from . import guarded
from .accounts.host import converged, done, find_host, for_operators, refuse_unknown, removed
from .accounts.keys import key
from .accounts.listing import key_words, problems, table
from .accounts.people import delete_home, email, given_keys
from .options import as_json
from .terminal import say, say_json

__all__ = ["add_admin", "operator"]


@click.group()
@click.pass_context
def operator(context: click.Context) -> None:
    """Manage operators, and which of them may become root."""
    for_operators(context)


@operator.command("add")
@click.argument("name")
@given_keys
@email
@click.option(
    "--sudo/--no-sudo",
    default=None,
    help="Let the operator become root without a password. "
    "Default: unchanged; no for a new operator.",
)
@click.pass_context
def _add(
    context: click.Context,
    name: str,
    keys: tuple[str, ...],
    email: str | None,
    sudo: bool | None,
) -> None:
    """Add an operator, or change one.

    KEY is the line in the operator's .pub file, in quotes. Keys that are given replace those that
    were added here before; without one they stay. Keys that the inventory declares stay.
    """
    request = parse_request(name, email=email, keys=keys or None, sudo=sudo, role="operator")
    outcome = converged(context, [request])
    (facts,) = outcome.people
    prints = ", ".join(one["fingerprint"] for one in facts["keys"] if not one["revoked"])
    rights = "operator with sudo" if facts["sudo"] else "operator"
    say(f"{name}: {done(outcome, 'set up')} (uid {facts['uid']}, {rights}, {prints})")


@operator.command("list")
@as_json
@click.pass_context
def _list(context: click.Context, as_json: bool) -> None:
    """List the operators with their keys and their state on this host."""
    rows = list_operators(find_host(context))
    if as_json:
        say_json(rows, indent=2)
        return
    if not rows:
        say("no operators yet; add one with: add-admin NAME KEY")
        return
    head = ("NAME", "UID", "SUDO", "ORIGIN", "HOST", "E-MAIL", "KEYS")
    cells = (
        (
            row["name"],
            str(row["uid"]),
            "yes" if row["sudo"] else "no",
            row["origin"],
            row["host"],
            row["email"] or "-",
            " ".join(map(key_words, row["keys"])) or "-",
        )
        for row in rows
    )
    say(*table(head, cells), *problems(rows))


@operator.command("remove")
@click.argument("name")
@delete_home
@click.pass_context
def _remove(context: click.Context, name: str, delete_home: bool) -> None:
    """Remove an operator: keys, sessions, processes, groups, account and home."""
    rows = {row["name"]: row for row in list_operators(find_host(context))}
    refuse_unknown(name, list(rows), "operator")
    request = parse_request(
        name, state="absent", home="delete" if delete_home else "archive", role="operator"
    )
    removed(context, request, rows[name])


operator.add_command(key)


def add_admin() -> None:
    """The program ``add-admin``."""
    guarded(_add, "add-admin")
