"""Each action of a plan has a sentence, and something that carries it out."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType
from typing import get_args

from broker.accounts.debian import apply, authority_writing
from broker.accounts.planning import actions

ACTIONS = {name for name in actions.__all__ if name != "Action"}


def cases(module: ModuleType) -> set[str]:
    """The classes that the ``match`` statements of a file tell apart."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {
        node.cls.id
        for function in functions
        if "apply" in function.name
        for node in ast.walk(function)
        if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name)
    }


def test_every_action_has_a_sentence_and_is_one_of_the_union() -> None:
    assert {action.__name__ for action in get_args(actions.Action)} == ACTIONS
    assert [action for action in get_args(actions.Action) if "__str__" not in vars(action)] == []


def test_every_action_is_carried_out() -> None:
    by_itself = {actions.WriteKeys.__name__}  # key files are written before all other files
    assert cases(apply) | cases(authority_writing) | by_itself == ACTIONS
