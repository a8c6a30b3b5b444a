"""The host that the commands look after, and what they all ask of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from ...accounts import (
    DebianSystem,
    Layout,
    Outcome,
    Request,
    System,
    check_name,
    converge,
    list_analysts,
    unknown_analyst,
)
from ..terminal import say

__all__ = ["Host", "converged", "done", "find_host", "refuse_unknown"]


@dataclass(frozen=True, slots=True)
class Host:
    """The host that the commands look after: this one, unless a context object says another."""

    layout: Layout = field(default_factory=Layout)
    system: System = field(default_factory=DebianSystem)

    def rows(self, *, measured: bool) -> list[dict[str, Any]]:
        """Everybody whom the broker keeps, on request with what they hold."""
        return list_analysts(self.layout, self.system, measured=measured)


def find_host(context: click.Context) -> Host:
    """The host of this call."""
    return context.find_object(Host) or Host()


def converged(context: click.Context, requests: Sequence[Request]) -> Outcome:
    """Meet the requests on the host of this call."""
    host = find_host(context)
    outcome = converge(requests, host.layout, host.system)
    for warning in outcome.warnings:
        say(f"warning: {warning}", err=True)
    return outcome


def done(outcome: Outcome, word: str) -> str:
    """``word``, or that there was nothing to do."""
    return word if outcome.changed else "nothing to do, everything is as asked"


def refuse_unknown(name: str, known: Sequence[str]) -> None:
    """In a playbook an absent analyst is fine; a person who types a wrong name wants to know."""
    check_name(name)
    if name not in known:
        raise unknown_analyst(name, known)
