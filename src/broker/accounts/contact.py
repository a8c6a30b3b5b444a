"""The lines with which an analyst begins, for this host: what ``first_contact`` is given."""

from __future__ import annotations

import socket

from ..errors import AccountsError
from ..hostpaths import HOST_KEY, SIGNERS
from .debian.host import Host
from .debian.observe import observe
from .planning.goal import refuse_other_account
from .records.first_contact import ContactLines, first_contact, first_contact_on_windows
from .records.names import check_host_address, check_name, unknown_person

__all__ = ["contact_lines"]


def contact_lines(
    host: Host, name: str, address: str | None = None, *, uid: int | None = None
) -> ContactLines:
    """What to send to an analyst who is there; ``address`` is how they reach the host.

    Without one it is the host's own name. Raises ``AccountsError`` for an unknown analyst, for an
    account with another number than ``uid`` (None is any), and where this host has no key to hand
    out.
    """
    people = observe(host).registry.by_name()
    if check_name(name) not in people or people[name].is_operator:
        raise unknown_person(name, (one.name for one in people.values() if not one.is_operator))
    refuse_other_account(people[name], uid)
    keys = [key.line for key in people[name].keys if not key.revoked]
    try:
        host_key = host.layout.at(HOST_KEY).read_text()
        signers = host.layout.at(SIGNERS).read_text()
    except OSError as error:
        raise AccountsError(
            "this host cannot be named in a line for a first contact",
            where=str(error.filename),
            found=error.strerror,
            remedy="Deploy it: ansible-playbook site.yml",
        ) from error
    place = f"{name}@{check_host_address(address) if address else socket.getfqdn()}"
    port = host.system.ssh_port()
    return ContactLines(
        first_contact(place, port, host_key, signers, keys),
        first_contact_on_windows(place, port, host_key, signers),
    )
