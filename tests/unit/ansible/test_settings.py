"""No variable is missing from the documentation, and none is told wrongly."""

from __future__ import annotations

import re

from .bundle import GROUP_VARS, ROOT, variables
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
