"""``broker analyst key add|rotate|revoke``, and the same for operators."""

from __future__ import annotations

from typing import Any

import click

from ...accounts.records.keyrequest import key_request
from ...accounts.records.model import Request
from ..terminal import say
from .host import converged, done, role_of

__all__ = ["key"]

_label = click.option("--name", "label", help="What the key is called here, such as laptop-2026.")
_expires = click.option(
    "--expires", metavar="DAY", help="Last day of the key, such as 2026-12-31; UTC."
)


@click.group()
def key() -> None:
    """Change the keys of an analyst."""


@key.command("add")
@click.argument("name")
@click.argument("line", metavar="KEY")
@_label
@_expires
@click.pass_context
def _add(
    context: click.Context, name: str, line: str, label: str | None, expires: str | None
) -> None:
    """Add KEY, the line in a .pub file, to those that NAME has."""
    more: dict[str, Any] = {"label": label, "expires": expires, "role": role_of(context)}
    _change(context, key_request(name, "present", key=line, **more))


@key.command("rotate")
@click.argument("name")
@click.argument("line", metavar="KEY")
@_label
@_expires
@click.option("--old", multiple=True, help="Key that ends, by name or fingerprint; else all.")
@click.option("--grace", default="7d", show_default=True, help="How long the old ones still work.")
@click.pass_context
def _rotate(
    context: click.Context,
    name: str,
    line: str,
    label: str | None,
    expires: str | None,
    old: tuple[str, ...],
    grace: str,
) -> None:
    """Add KEY, and end the others after a grace period."""
    more: dict[str, Any] = {"label": label, "expires": expires, "old": old, "grace": grace}
    _change(context, key_request(name, "rotated", key=line, role=role_of(context), **more))


@key.command("revoke")
@click.argument("name")
@click.argument("old", metavar="KEY...", nargs=-1, required=True)
@click.pass_context
def _revoke(context: click.Context, name: str, old: tuple[str, ...]) -> None:
    """Revoke each KEY, given by its name, fingerprint or comment. It cannot be added again."""
    _change(context, key_request(name, "absent", old=old, role=role_of(context)))


def _change(context: click.Context, request: Request) -> None:
    outcome = converged(context, [request])
    (facts,) = outcome.people
    say(f"{request.name}: {done(outcome, 'changed')}")
    for one in facts["keys"]:
        state = "revoked" if one["revoked"] else f"until {one['until'] or 'further notice'}"
        name = one["name"] or one["comment"] or "-"
        say(f"  {one['fingerprint']}  {state}  {name}")
