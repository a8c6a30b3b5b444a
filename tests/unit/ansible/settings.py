"""docs/settings.md, made from the declarations: ``python -m tests.unit.ansible.settings``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from .bundle import GROUP_VARS, ROLES, ROOT, entry_points, load, variables

PAGE = ROOT / "docs" / "settings.md"
HEAD = """# Settings

Every variable of the bundle. This page is made from the declarations by
`python -m tests.unit.ansible.settings`, and a test compares the two.

Write your own beside your inventory (`group_vars/all/main.yml`, `host_vars/NAME.yml`), in the
inventory itself, or after `-e`: each of these wins over the defaults below. Those stand in
`group_vars/` of this repository and hold for every inventory and every way of starting a play. Only
what differs has to be written. What is misspelt, or cannot be what it is, is refused before a host
is asked. How to deploy: [operations.md](operations.md).

## What an operator sets
"""
ROLES_HEAD = """
## What the roles take

`playbooks/site.yml` gives each role its part of the settings above. These names matter to who uses
a role in a play of their own.
"""


def render() -> str:
    """The whole page."""
    parts = [HEAD]
    for path in GROUP_VARS:
        rows = [(item.name, _shown(item.default), item.comment) for item in variables(path)]
        parts += [f"\n### {path.stem.capitalize()}\n", *_table(("setting", "default"), rows)]
    parts.append(ROLES_HEAD)
    given = load(ROOT / "playbooks" / "site.yml")[-1]["vars"]
    for role in ROLES:
        main = entry_points(role)["main"]
        rows = [
            (name, f"{_shown(option['default'])}{_source(given.get(name))}", option["description"])
            for name, option in main["options"].items()
        ]
        parts += [f"\n### Role {role}\n", f"\n{main['short_description']}.\n"]
        parts += _table(("variable", "default"), rows)
    return "".join(parts)


def _table(heads: tuple[str, str], rows: Iterable[tuple[str, str, str]]) -> list[str]:
    lines = [f"\n| {heads[0]} | {heads[1]} | |\n| --- | --- | --- |\n"]
    lines += [f"| `{name}` | {default} | {text} |\n" for name, default, text in rows]
    return lines


def _shown(default: Any) -> str:
    text = default if isinstance(default, str) and default else json.dumps(default)
    return f"`{text}`"


def _source(expression: Any) -> str:
    return f", in `site.yml` `{expression}`" if isinstance(expression, str) else ""


if __name__ == "__main__":
    PAGE.write_text(render())
