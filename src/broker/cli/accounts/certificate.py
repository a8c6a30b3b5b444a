"""``broker analyst certificate``."""

from __future__ import annotations

from pathlib import Path

import click

from ...accounts.issue import issue_certificate
from ...files import write_atomic
from ..terminal import say
from .host import find_host

__all__ = ["certificate"]


@click.command()
@click.argument("name")
@click.option("--key", "label", metavar="WORD", help="Key it is for: name, fingerprint or comment.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write it here instead; ssh looks for KEY-cert.pub beside KEY.",
)
@click.pass_context
def certificate(context: click.Context, name: str, label: str | None, output: Path | None) -> None:
    """Issue a certificate for a registered key of an analyst, and print it."""
    host = find_host(context)
    issued = issue_certificate(name, host, label=label)
    if output is None:
        say(issued.line)
    else:
        write_atomic(output, f"{issued.line}\n", mode=0o644)
    line = f"{name}: certificate {issued.serial} for {issued.fingerprint}, until {issued.until}"
    say(line, err=True)
