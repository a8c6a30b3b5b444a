"""The host that the commands look after, and what they all ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from ...accounts.debian.host import Host
from ...accounts.manage import Outcome, converge
from ...accounts.records.model import Request, Role
from ...accounts.records.names import check_name, unknown_person
from ..terminal import say

__all__ = [
    "converged",
    "done",
    "find_host",
    "for_operators",
    "refuse_unknown",
    "removed",
    "role_of",
]


_ROLE = "broker.accounts.role"


def find_host(context: click.Context) -> Host:
    """The host of this call: this one, unless the context's object is another."""
    return context.find_object(Host) or Host()


def converged(context: click.Context, requests: Sequence[Request]) -> Outcome:
    """Meet the requests on the host of this call."""
    outcome = converge(requests, find_host(context))
    for warning in outcome.warnings:
        say(f"warning: {warning}", err=True)
    return outcome


def role_of(context: click.Context) -> Role:
    """In which role the people of this call are: ``broker operator …`` is for operators."""
    role: Role = context.meta.get(_ROLE, "analyst")
    return role


def for_operators(context: click.Context) -> None:
    """Let the commands of this call look after operators."""
    context.meta[_ROLE] = "operator"


def done(outcome: Outcome, word: str) -> str:
    """``word``, or that there was nothing to do."""
    return word if outcome.changed else "nothing to do, everything is as requested"


def refuse_unknown(name: str, known: Sequence[str], role: Role = "analyst") -> None:
    """Refuse an unknown name: a playbook accepts an absent person, a command does not."""
    check_name(name, role)
    if name not in known:
        raise unknown_person(name, known, role)


def removed(context: click.Context, request: Request, row: dict[str, Any]) -> None:
    """Remove the person listed as ``row``, and print the result."""
    outcome, name = converged(context, [request]), request.name
    home = (
        "deleted" if request.home == "delete" else f"moved to {find_host(context).layout.archive}"
    )
    say(f"{name}: removed; keys and account are gone, the home is {home}")
    for one in outcome.probes:
        say(f"{name}: sshd answers {one['fingerprint']}: {one['answer']}")
    if row["origin"] == "declared":
        say(
            f"{name} stands in the inventory, too: write state: absent there, "
            "or the next site.yml brings them back",
            err=True,
        )
