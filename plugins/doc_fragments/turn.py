"""What modules that change a host say of the option ``turn``."""

from __future__ import annotations


class ModuleDocFragment:
    """The option that :func:`broker.turn.mine` takes."""

    DOCUMENTATION = r"""
options:
  turn:
    description:
      - The turn in which the host is changed, as M(deploy_turn) gave it. Where it is another
        deploy's by now, the call is refused. Empty where no deploy needs one.
    type: str
    default: ""
"""
