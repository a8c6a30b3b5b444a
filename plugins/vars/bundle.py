"""The settings of this repository, for every inventory and every way of starting a play."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from ansible import context
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.vars import BaseVarsPlugin
from ansible.release import __version__
from ansible.utils.vars import combine_vars

DOCUMENTATION = """
name: bundle
short_description: Reads the top-level C(group_vars/) of this repository
description:
  - Ansible reads C(group_vars/) beside the inventory and beside the play, and the plays stand in
    C(playbooks/). This plugin gives the repository's own C(group_vars/) to every play, also with
    an inventory elsewhere or C(-i 10.0.0.5,).
  - It answers for the play, never for an inventory. With C(all_plugins_play) first in
    C(precedence), as in our C(ansible.cfg), these are the weakest of all variables.
  - Refuses options of C(ansible-playbook) that would leave out checks, or do nothing and end well.
requirements:
  - Enabled in C(ansible.cfg) by C(vars_plugins_enabled).
"""

OLDEST = (2, 19)
ROOT = Path(__file__).resolve().parents[2]
GROUP_VARS = ROOT / "group_vars"
# Tags that Ansible itself gives a meaning, and those that Molecule always skips.
_OF_ANSIBLE = {"all", "always", "tagged", "untagged"}
_OF_MOLECULE = {"notest", "molecule-notest", "molecule-idempotence-notest"}


def require_version(version: str) -> None:
    """This plugin is the first of ours that Ansible calls, so an old one gets a sentence here."""
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise AnsibleError(
            f"This is ansible-core {version}; a broker is deployed with 2.19 or later. Run "
            "bin/bootstrap in this repository and use .venv/bin/ansible-playbook."
        )


def option_problem(options: Mapping[str, Any]) -> str | None:
    """What is wrong with the command line; playbooks that are not ours have tags of their own."""
    if options.get("start_at_task"):
        return "--start-at-task leaves out the checks before it; --tags NAME plays one part."
    skipped, chosen = options.get("skip_tags") or (), options.get("tags") or ()
    if without := {"all", "always", "tagged"} & {*skipped}:
        return f"--skip-tags {min(without)} leaves out the checks; name the parts to leave out."
    books = [Path(name).resolve() for name in options.get("args") or ()]
    if not all(book.is_file() and book.parent in (ROOT, ROOT / "playbooks") for book in books):
        return None
    known = {tag for book in books for tag in tags_of(book)} - _OF_ANSIBLE
    for option, tags in (("--tags", {*chosen}), ("--skip-tags", {*skipped} - _OF_MOLECULE)):
        for tag in sorted(tags - known - _OF_ANSIBLE):
            return f"{option} {tag}: {_no_such_tag(tag, known, [book.name for book in books])}"
    return None


def _no_such_tag(tag: str, known: set[str], books: list[str]) -> str:
    if not known:
        return f"{', '.join(books)} has no tags. Leave the option out."
    near = get_close_matches(tag, known, n=1)
    remedy = f"Did you mean {near[0]}?" if near else "--list-tags lists them."
    return f"{', '.join(books)} has no such tag. {remedy}"


@cache
def tags_of(book: Path) -> frozenset[str]:
    """All tags of a playbook of this repository, and of the plays and roles that it imports."""
    return frozenset(_tags(yaml.safe_load(book.read_text()), book.parent))


def _tags(part: Any, folder: Path) -> Iterator[str]:
    if isinstance(part, list):
        for one in part:
            yield from _tags(one, folder)
    elif isinstance(part, dict):
        tags = part.get("tags", [])
        yield from [tags] if isinstance(tags, str) else tags
        if imported := part.get("ansible.builtin.import_playbook"):
            yield from tags_of((folder / imported).resolve())
        role = part.get("ansible.builtin.import_role", {}).get("name")
        for path in (ROOT / "roles" / role / "tasks").glob("*.yml") if role else ():
            yield from tags_of(path)
        for inner in ("pre_tasks", "tasks", "post_tasks", "block", "rescue", "always"):
            yield from _tags(part.get(inner), folder)


@cache
def require_options() -> None:
    """Refuse a command line that would do less, or more, than its operator expects."""
    if problem := option_problem(context.CLIARGS):
        raise AnsibleError(f"{problem} Nothing was changed.")


class VarsModule(BaseVarsPlugin):
    """Called by Ansible once per group or host, for each inventory and for the play."""

    REQUIRES_ENABLED = True
    is_stateless = True

    def get_vars(self, loader: DataLoader, path: str, entities: Any) -> dict[str, Any]:
        """The variables of ``group_vars/all``; none where ``path`` is an inventory's folder."""
        require_version(__version__)
        require_options()
        named = entities if isinstance(entities, list) else [entities]
        if path != loader.get_basedir() or all(entity.name != "all" for entity in named):
            return {}
        found: dict[str, Any] = {}
        for name in loader.find_vars_files(str(GROUP_VARS), "all"):
            content = loader.load_from_file(
                name, cache="all", unsafe=True, trusted_as_template=True
            )
            found = combine_vars(found, content or {})
        return found
