"""``broker analyst contact``: the line for a first contact."""

from __future__ import annotations

import click

from ...accounts.contact import contact_lines
from ...accounts.debian.host import Host
from ...accounts.manage import list_analysts
from ..terminal import say
from .host import find_host, refuse_unknown

__all__ = ["contact", "show_contact"]


@click.command()
@click.argument("name")
@click.option("--address", help="What the analyst types to reach this host. Default: its name.")
@click.pass_context
def contact(context: click.Context, name: str, address: str | None) -> None:
    """Print the line with which an analyst begins.

    It holds the key of this host and the key that signs the data, so a laptop trusts nothing
    because it came first.
    """
    known = [row["name"] for row in list_analysts(find_host(context), measured=False)]
    refuse_unknown(name, known)
    show_contact(find_host(context), name, address)


def show_contact(host: Host, name: str, address: str | None = None) -> None:
    """Print it; raises ``AccountsError`` where this host has no key to hand out."""
    say(f"Send this to {name}:", *contact_lines(host, name, address).shell)
