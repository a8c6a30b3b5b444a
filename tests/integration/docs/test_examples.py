"""Every example of settings in the docs is one that a deploy would take."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.ansible.bundle import ROOT, plugin

PAGES = sorted(path for path in (ROOT / "docs").glob("*.md") if path.name != "settings.md")
SETTINGS = plugin("lookup/setting_problems.py")
CONFIGURATION = plugin("filter/configuration.py")


def examples(page: Path) -> list[dict[str, Any]]:
    """The YAML blocks of a page, fenced or indented, that give settings."""
    text = page.read_text()
    fenced = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^\n((?: {4}.*\n|\n)+)", text, re.MULTILINE)
    blocks = [block for block in [*fenced, *map(textwrap.dedent, indented)] if "broker_" in block]
    loaded = [yaml.safe_load(block) for block in blocks if re.search(r"^broker_\w+:", block, re.M)]
    return [block for block in loaded if isinstance(block, dict)]


def test_the_pages_have_examples() -> None:
    assert sum(len(examples(page)) for page in PAGES) >= 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_an_example_of_settings_is_one(page: Path) -> None:
    defaults = SETTINGS.defaults()
    description = str(ROOT / "inventories" / "example" / "data_description.md")
    for example in examples(page):
        assert list(SETTINGS.unknown(sorted(example), defaults)) == []
        for name, value in example.items():
            if name in defaults and "{{" not in str(value):
                assert SETTINGS.mistaken(name, value, defaults[name]) is None
        sources = {
            name.removeprefix("broker_"): value
            for name, value in example.items()
            if name in ("broker_data_source", "broker_sources")
        }
        if not sources:
            continue
        # The table of the example needs a source; with several, one that it need not name.
        sources.setdefault("data_source", defaults["broker_data_source"])
        text = yaml.safe_dump(sources)
        variables = re.findall(r"\$\{(\w+)\}", text)
        assert CONFIGURATION.config_findings(text, description, variables)["problems"] == []
