"""``broker analyst …`` on the host, and the short names of what is typed most."""

from __future__ import annotations

import click

from .. import guarded
from .certificate import certificate
from .contact import contact
from .keys import key
from .listing import list_command
from .people import add, grant, remove, revoke

__all__ = ["add_analyst", "analyst", "list_analysts", "remove_analyst"]


@click.group()
def analyst() -> None:
    """Manage analysts: who may log in and pull data."""


for _command in (add, list_command, remove, grant, revoke, key, certificate, contact):
    analyst.add_command(_command)


def add_analyst() -> None:
    """The program ``add-analyst``."""
    guarded(add, "add-analyst")


def list_analysts() -> None:
    """The program ``list-analysts``."""
    guarded(list_command, "list-analysts")


def remove_analyst() -> None:
    """The program ``remove-analyst``."""
    guarded(remove, "remove-analyst")
