"""The one door: look, plan, apply, look again. Modules, commands and the portal call this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import BrokerError, LockedError
from ..files import lock
from .actions import Action, MendHome
from .apply import apply
from .describe import differences, facts, listing
from .goal import goal
from .layout import Layout
from .model import Request
from .observe import observe, root_needed
from .planner import plan
from .system import System

__all__ = ["Outcome", "converge", "list_analysts"]

_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done, or would be. ``analysts`` are those asked for, as plain values."""

    actions: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]
    analysts: tuple[dict[str, Any], ...]

    @property
    def changed(self) -> bool:
        """Whether anything is done at all."""
        return bool(self.actions)


def converge(
    requests: Sequence[Request], layout: Layout, system: System, *, check: bool = False
) -> Outcome:
    """Meet all requests, or none: what is refused is refused before anything is changed.

    ``check`` only tells what would be done. Two at once wait for each other. Raises
    ``AccountsError`` for what cannot be meant, ``BrokerError`` for what the host refused, and
    ``LockedError`` when somebody else is busy for a minute.
    """
    if check:
        return _outcome(requests, layout, system)[0]
    with _alone(layout):
        outcome, actions = _outcome(requests, layout, system)
        if actions:
            apply(actions, layout, system)
            _refuse_half_done(layout, system)
    return outcome


def list_analysts(layout: Layout, system: System) -> list[dict[str, Any]]:
    """Everybody whom the broker keeps, with the state of each on the host."""
    return listing(observe(layout, system), layout)


def _outcome(
    requests: Sequence[Request], layout: Layout, system: System
) -> tuple[Outcome, tuple[Action, ...]]:
    observed = observe(layout, system, [request.name for request in requests])
    actions = plan(requests, observed, layout)
    target = goal(requests, observed)
    entries = target.by_name()
    before, after = differences(observed, target, layout) if actions else ({}, {})
    asked = tuple(
        facts(entries[request.name])
        if request.name in entries
        else {"name": request.name, "state": "absent"}
        for request in requests
    )
    return Outcome(tuple(map(str, actions)), before, after, asked), actions


def _refuse_half_done(layout: Layout, system: System) -> None:
    """Believe the host, not the tools. Homes are left out: their owners may change them now."""
    left = [
        action
        for action in plan((), observe(layout, system), layout)
        if not isinstance(action, MendHome)
    ]
    if left:
        raise BrokerError(
            "the host does not show what was just done",
            found=f"still to do: {left[0]}",
            remedy="Look for what else changes accounts here, then run the same command again.",
        )


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """The lock that two at once wait for; the kernel drops it however its holder ends."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with ExitStack() as held:
        while True:
            try:
                held.enter_context(lock(layout.at(layout.lock), purpose="changing analysts"))
                break
            except LockedError:
                if time.monotonic() > deadline:
                    raise
            except PermissionError as error:
                raise root_needed(error) from error
            time.sleep(0.1)
        yield
