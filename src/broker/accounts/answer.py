"""What a module of ``library/`` reports of an outcome. Standard library only."""

from __future__ import annotations

from typing import Any, NoReturn, Protocol

from .manage import Outcome

__all__ = ["answer"]


class Module(Protocol):
    """The part of ``AnsibleModule`` that is used; this package does not import Ansible."""

    def warn(self, warning: str) -> None:
        """Add a warning to the result."""

    def exit_json(self, **result: Any) -> NoReturn:
        """Print the result, and end."""


def answer(module: Module, outcome: Outcome, **more: Any) -> NoReturn:
    """Warn of troubles, then end with actions and diff, and with ``more`` of that module."""
    for warning in outcome.warnings:
        module.warn(warning)
    module.exit_json(
        changed=outcome.changed,
        actions=list(outcome.actions),
        diff={"before": outcome.before, "after": outcome.after},
        **more,
    )
