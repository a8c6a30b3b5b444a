"""docs/security.md names the settings in which ``site.yml`` refuses templates."""

from __future__ import annotations

import yaml

from tests.documented import ROOT


def test_the_page_names_each_setting_in_which_templates_are_refused() -> None:
    plays = yaml.safe_load((ROOT / "playbooks" / "site.yml").read_text(encoding="utf-8"))
    tasks = [task for play in plays for task in play.get("pre_tasks", play.get("tasks", []))]
    (names,) = [task["vars"]["_texts"] for task in tasks if "_texts" in task.get("vars", {})]
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = page.partition("\n## Text of other people on the controller\n")[2]
    text = section.partition("\n## ")[0]
    assert [name for name in names if f"`{name}`" not in text] == []
