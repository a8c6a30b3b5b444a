"""``broker analyst contact``: the line for a first contact."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence

import click

from ...accounts.debian.host import Host
from ...accounts.manage import keys_of, list_analysts
from ...accounts.records.first_contact import first_contact
from ...errors import AccountsError
from ...hostpaths import HOST_KEY, SIGNERS
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
    try:
        host_key, signers = HOST_KEY.read_text(), SIGNERS.read_text()
    except OSError as error:
        raise AccountsError(
            "this host cannot be named in a line for a first contact",
            where=str(error.filename),
            found=error.strerror,
            remedy="Deploy it: ansible-playbook site.yml",
        ) from error
    place = f"{name}@{address or socket.getfqdn()}"
    keys = [key.line for key in keys_of(host, name)]
    lines = first_contact(place, _port(_sshd()), host_key, signers, keys)
    say(f"Send this to {name}:", *lines)


def _sshd() -> Sequence[str]:
    """The whole configuration of sshd, a setting per line."""
    done = subprocess.run(["sshd", "-T"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _port(lines: Sequence[str]) -> int:
    """The first one that sshd listens at."""
    ports = [line.split()[1] for line in lines if line.startswith("port ")]
    return int(ports[0]) if ports else 22
