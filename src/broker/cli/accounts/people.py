"""``broker analyst add|remove|grant|revoke``."""

from __future__ import annotations

from dataclasses import replace

import click

from ...accounts.manage import list_analysts
from ...accounts.records.model import Request, parse_request
from ...accounts.records.names import check_name
from ...hostpaths import SIGNERS
from ..terminal import say
from .contact import show_contact
from .host import converged, done, find_host, refuse_unknown, removed

__all__ = ["add", "delete_home", "email", "given_keys", "grant", "remove", "revoke"]

given_keys = click.argument("keys", metavar="[KEY]...", nargs=-1)
email = click.option("--email", help="Where this person is reached.")
delete_home = click.option(
    "--delete-home", is_flag=True, help="Delete the home; else it is archived."
)


@click.command()
@click.argument("name")
@given_keys
@email
@click.option(
    "--private/--no-private",
    default=None,
    help="Grant private data, or revoke it. Default: unchanged; no for a new analyst.",
)
@click.option("--class", "classes", metavar="CLASS", multiple=True, help="Grant this class, too.")
@click.option(
    "--shell/--no-shell",
    default=None,
    help="Allow a normal login, or only transfers. Default: unchanged; no for a new analyst.",
)
@click.pass_context
def add(
    context: click.Context,
    name: str,
    keys: tuple[str, ...],
    email: str | None,
    private: bool | None,
    classes: tuple[str, ...],
    shell: bool | None,
) -> None:
    """Add an analyst, or change one.

    KEY is the line in the analyst's .pub file, in quotes. Keys that are given replace those that
    were added here before; without one they stay. Keys that the inventory declares stay.
    """
    request = parse_request(name, email=email, keys=keys or None, private=private, shell=shell)
    request = replace(request, grant=tuple(sorted({*request.grant, *classes})))
    outcome = converged(context, [request])
    (facts,) = outcome.people
    data = " and ".join(["public", *facts["classes"]]) + " data"
    prints = ", ".join(key["fingerprint"] for key in facts["keys"] if not key["revoked"])
    login = ", with a shell" if facts["shell"] else ""
    say(f"{name}: {done(outcome, 'set up')} (uid {facts['uid']}, {data}{login}, {prints})")
    if outcome.changed and SIGNERS.exists():
        show_contact(find_host(context), name)


@click.command()
@click.argument("name")
@delete_home
@click.pass_context
def remove(context: click.Context, name: str, delete_home: bool) -> None:
    """Remove an analyst: keys, sessions, processes, groups, account and home."""
    rows = {row["name"]: row for row in list_analysts(find_host(context), measured=False)}
    refuse_unknown(name, list(rows))
    request = parse_request(name, state="absent", home="delete" if delete_home else "archive")
    removed(context, request, rows[name])


@click.command()
@click.argument("name")
@click.argument("classes", metavar="CLASS...", nargs=-1, required=True)
@click.pass_context
def grant(context: click.Context, name: str, classes: tuple[str, ...]) -> None:
    """Let an analyst read the tables of CLASS, too."""
    _change(context, Request(check_name(name), grant=classes, known=True))


@click.command()
@click.argument("name")
@click.argument("classes", metavar="CLASS...", nargs=-1, required=True)
@click.pass_context
def revoke(context: click.Context, name: str, classes: tuple[str, ...]) -> None:
    """Take CLASS from an analyst, and end the sessions that still hold it."""
    _change(context, Request(check_name(name), revoke=classes, known=True))


def _change(context: click.Context, request: Request) -> None:
    outcome = converged(context, [request])
    (facts,) = outcome.people
    data = " and ".join(["public", *facts["classes"]])
    say(f"{request.name}: {done(outcome, 'changed')}; reads {data} data")
