"""No variable is missing from the documentation, and none is told wrongly."""

from __future__ import annotations

import re

from .bundle import GROUP_VARS, ROLES, ROOT, entry_points, load, variables
from .settings import PAGE, render


def test_the_page_says_what_the_declarations_say() -> None:
    assert PAGE.read_text() == render(), "type: python -m tests.unit.ansible.settings"


# Sections of instance.yaml that no room reads before the portal and what follows it stand.
NOT_READ = {
    *("auth", "catalog", "desktop", "email"),
    *("instance", "telegram", "users", "username_mapping"),
}


def test_a_setting_that_nothing_reads_says_so() -> None:
    marked = {
        item.name.removeprefix("broker_")
        for path in GROUP_VARS
        for item in variables(path)
        if item.comment.startswith("Not read yet: ")
    }
    assert marked == NOT_READ
    package = ROOT / "src" / "broker"
    readers = [path for path in package.rglob("*.py") if package / "config" not in path.parents]
    for section in NOT_READ:
        reads = re.compile(rf"\binstance\.{section}\b")
        assert not [path for path in readers if reads.search(path.read_text())], section


def test_every_setting_is_read_by_a_play() -> None:
    plays = "\n".join(path.read_text() for path in (ROOT / "playbooks").glob("*.yml"))
    names = [item.name for path in GROUP_VARS for item in variables(path)]
    assert [name for name in names if not re.search(rf"\b{name}\b", plays)] == []


def test_what_site_gives_to_roles_are_their_variables() -> None:
    given = load(ROOT / "playbooks" / "site.yml")[-1]["vars"]
    options = {name for role in ROLES for name in entry_points(role)["main"]["options"]}
    assert given.keys() - options == set()
