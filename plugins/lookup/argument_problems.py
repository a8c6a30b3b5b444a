"""What is wrong with the arguments of a playbook, those typed after ``-e``."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible.utils.vars import load_extra_vars

DOCUMENTATION = """
name: argument_problems
short_description: Finds words after C(-e) that a playbook does not know, and those it misses
description:
  - A misspelt argument would be ignored, and the play would do less, or more, than was asked.
    Variables of Ansible (C(ansible_...)) and settings (C(broker_...)) are for others to judge.
options:
  _terms:
    description: Names of the arguments that the playbook takes.
    required: true
  needed:
    description: Names of the arguments without which the playbook cannot do anything.
    type: list
    elements: str
    default: []
"""

RETURN = """
_raw:
  description: What is wrong, a sentence each.
  type: list
  elements: str
"""


def problems(typed: list[str], known: list[str]) -> list[str]:
    """A sentence for every name that is not one of ``known``."""
    found = []
    for name in sorted(typed):
        if name in known or name.startswith(("ansible_", "broker_")):
            continue
        near = get_close_matches(name, known, n=1, cutoff=0.6)
        question = f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}."
        found.append(f"{name} is not an argument of this playbook; {question}")
    return found


def missing(given: Mapping[str, Any], needed: list[str]) -> list[str]:
    """A sentence if some of ``needed`` are not given, or empty."""
    names = [name for name in needed if given.get(name) in (None, "")]
    return [f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing."] if names else []


class LookupModule(LookupBase):
    """``query('argument_problems', 'user', 'key', 'private', needed=['user', 'key'])``."""

    def run(
        self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any
    ) -> list[str]:
        """The sentences."""
        self.set_options(var_options=variables, direct=kwargs)
        typed = [str(name) for name in load_extra_vars(self._loader)]
        return problems(typed, terms) + missing(variables or {}, self.get_option("needed"))
