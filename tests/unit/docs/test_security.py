"""docs/security.md names what the code has: settings without templates, verbs of the audit log."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from typing import get_args

import yaml

from broker.accounts.records.model import Role
from broker.accounts.service.protocol import VERBS
from broker.audit import Change, Event
from broker.publishing.protocol import PUBLISHING_VERBS
from tests.documented import ROOT

# What stands in an f-string that makes a verb of the audit log.
PARTS = {"role": get_args(Role), "verb": (*VERBS, *PUBLISHING_VERBS, "unknown")}
# The classes that carry one, and at which place in a call.
CARRIERS = {Change.__name__: 0, Event.__name__: 1}


def values(node: ast.expr, tree: ast.Module) -> Iterator[str]:
    """The texts that this may be; none of a field of another event."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [
            PARTS[ast.unparse(part.value)]
            if isinstance(part, ast.FormattedValue)
            else (str(ast.literal_eval(part)),)
            for part in node.values
        ]
        yield from map("".join, itertools.product(*parts))
    elif isinstance(node, ast.IfExp):
        yield from values(node.body, tree)
        yield from values(node.orelse, tree)
    elif isinstance(node, ast.Name):
        given = [
            one.value
            for one in ast.walk(tree)
            if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == node.id
        ]
        assert given, node.id
        for value in given:
            yield from values(value, tree)
    else:
        assert ast.unparse(node) in ("one.action", "str(document['action'])"), ast.unparse(node)


def verbs() -> set[str]:
    """Of all events that the package makes."""
    found = set[str]()
    for path in (ROOT / "src/broker").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in CARRIERS:
                found |= set(values(argument(node, CARRIERS[name]), tree))
    return found


def argument(call: ast.Call, at: int) -> ast.expr:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return named["action"] if "action" in named else call.args[at]


def test_the_page_names_each_verb_of_the_audit_log() -> None:
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = page.partition("\n## The audit log\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    assert {verb for row in rows for verb in re.findall(r"`([^`]+)`", row)} == verbs()


def test_the_page_names_each_setting_in_which_templates_are_refused() -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    tasks = [task for play in plays for task in play.get("pre_tasks", play.get("tasks", []))]
    (names,) = [task["vars"]["_texts"] for task in tasks if "_texts" in task.get("vars", {})]
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = page.partition("\n## Text of other people on the controller\n")[2]
    text = section.partition("\n## ")[0]
    assert [name for name in names if f"`{name}`" not in text] == []
