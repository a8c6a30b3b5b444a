"""What holds for every module of ``library/``."""

from __future__ import annotations

import re

import pytest

from .conftest import PROJECT, load
from .documentation import documented_options, plain, spec_of

MODULES = sorted(path.stem for path in (PROJECT / "library").glob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_documentation_of_a_module_is_its_argument_spec(name: str) -> None:
    module = load(name)
    entry = documented_options(module)
    assert spec_of(entry["doc"].get("options", {})) == plain(module.ARGUMENT_SPEC)
    assert {"check_mode", "diff_mode"} <= entry["doc"]["attributes"].keys()
    assert f"{name}:" in entry["examples"]
    assert entry["return"]


def test_every_module_stands_on_the_page_of_architecture() -> None:
    page = (PROJECT / "docs/architecture.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| `library/` |"))
    assert {*MODULES} == {*re.findall(r"`(\w+)`", row)} - {"broker"}
