"""``broker analyst key add|rotate|revoke``."""

from __future__ import annotations

from typing import Any

import click

from ...accounts import Request, key_request
from ..terminal import say
from .host import converged, done

__all__ = ["key"]

_label = click.option("--name", "label", help="What the key is called here, such as laptop-2026.")
_expires = click.option(
    "--expires", metavar="DAY", help="Last day of the key, such as 2026-12-31; UTC."
)


@click.group()
def key() -> None:
    """Change the keys of an analyst."""


@key.command("add")
@click.argument("analyst")
@click.argument("line", metavar="KEY")
@_label
@_expires
@click.pass_context
def _add(
    context: click.Context, analyst: str, line: str, label: str | None, expires: str | None
) -> None:
    """Add KEY, the line in a .pub file, to those that an analyst has."""
    _change(context, key_request(analyst, "present", key=line, label=label, expires=expires))


@key.command("rotate")
@click.argument("analyst")
@click.argument("line", metavar="KEY")
@_label
@_expires
@click.option("--old", multiple=True, help="Key that ends, by name or fingerprint; else all.")
@click.option("--grace", default="7d", show_default=True, help="How long the old ones still work.")
@click.pass_context
def _rotate(
    context: click.Context,
    analyst: str,
    line: str,
    label: str | None,
    expires: str | None,
    old: tuple[str, ...],
    grace: str,
) -> None:
    """Add KEY, and let the others end after a while."""
    more: dict[str, Any] = {"label": label, "expires": expires, "old": old, "grace": grace}
    _change(context, key_request(analyst, "rotated", key=line, **more))


@key.command("revoke")
@click.argument("analyst")
@click.argument("old", metavar="KEY...", nargs=-1, required=True)
@click.pass_context
def _revoke(context: click.Context, analyst: str, old: tuple[str, ...]) -> None:
    """Revoke each KEY, given by its name, fingerprint or comment. It never comes back."""
    _change(context, key_request(analyst, "absent", old=old))


def _change(context: click.Context, request: Request) -> None:
    outcome = converged(context, [request])
    (facts,) = outcome.analysts
    say(f"{request.name}: {done(outcome, 'changed')}")
    for one in facts["keys"]:
        state = "revoked" if one["revoked"] else f"until {one['until'] or 'further notice'}"
        name = one["name"] or one["comment"] or "-"
        say(f"  {one['fingerprint']}  {state}  {name}")
