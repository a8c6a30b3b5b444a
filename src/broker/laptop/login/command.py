"""``login``: sign this folder in to the portal, and renew the certificate of its key."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from pathlib import Path

import click

from ...errors import LaptopError
from ..screen import say
from ..starting import QUERY
from ..transfer import remembered_name
from ..workspace import Workspace
from .certificate import IssuedCertificate, issue, keys_of_folder
from .device import sign_in
from .memory import (
    forget_authority,
    forget_token,
    keep_authority,
    keep_portal,
    keep_token,
    kept_authority,
    kept_origin,
    kept_token,
    read_authority,
)
from .portal import Portal, check_origin

__all__ = ["login"]


@click.command()
@click.option("--portal", "address", metavar="ADDRESS", help="As https://data.example.com; kept.")
@click.option(
    "--ca",
    "authority",
    type=click.Path(path_type=Path),
    help="The file of the authority that signs the portal's certificate; kept.",
)
@click.pass_obj
def login(workspace: Workspace, *, address: str | None, authority: Path | None) -> int:
    """Get a certificate for the key of this folder, where the broker wants one beside the key.

    The first time you let this laptop in, in a browser: the command shows the address and a code.
    From then on it renews the certificate without a browser, until the token of this folder ends.
    """
    origin = check_origin(address) if address else kept_origin(workspace)
    keys = keys_of_folder(workspace, remembered_name(workspace))
    if not keys:
        raise LaptopError(
            "no public key was found for this folder",
            expected="a file as ~/.ssh/id_ed25519.pub beside your key",
            remedy="Name your key in .broker/ssh_config: IdentityFile ~/.ssh/YOUR_KEY",
        )
    content = read_authority(authority) if authority is not None else None
    # Who names the portal without an authority means that of this system.
    trusted = authority if authority is not None or address else kept_authority(workspace)
    portal = Portal(origin, trusted)
    found = _renewed(workspace, portal, keys)
    token = sign_in(portal, socket.gethostname(), _show) if found is None else None
    # The portal has answered, so it is the one, and its authority too.
    if content is not None:
        keep_authority(workspace, content)
    elif address:
        forget_authority(workspace)
    if token is not None:
        keep_portal(workspace, origin)
        keep_token(workspace, token)
        found = _renewed(workspace, portal, keys)
    if found is None:
        raise LaptopError(
            "the portal does not take the token that it has just given",
            where=origin,
            remedy="Ask its operator.",
        )
    say(f"certificate for {found.fingerprint} until {found.until}")
    return 0


def _renewed(workspace: Workspace, portal: Portal, keys: list[str]) -> IssuedCertificate | None:
    """With the token of this folder; None where there is none that the portal takes."""
    token = kept_token(workspace, portal.origin, datetime.now(UTC))
    if token is None:
        return None
    found = issue(workspace, portal, token.text, keys)
    if isinstance(found, IssuedCertificate):
        return found
    forget_token(workspace)
    say(f"the token of this folder does not count any more: {found.detail or found.status}")
    return None


def _show(address: str, code: str, minutes: int) -> None:
    say(
        f"Open {address} in a browser and type the code {code}",
        f"It counts for {minutes} minutes. Do that only if you typed {QUERY} login yourself.",
    )
