"""Options of ansible-playbook that would leave out checks, or do nothing and end well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .bundle import ROLES, ROOT, plugin

bundle = plugin("vars/bundle.py")
SITE = str(ROOT / "site.yml")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tags": ["annalysts"]}, "--tags annalysts: site.yml has no such tag. Did you mean analy"),
        ({"tags": ["app", "docs"]}, "--tags docs: site.yml has no such tag. --list-tags lists"),
        ({"skip_tags": ["bse"]}, "--skip-tags bse: site.yml has no such tag. Did you mean base?"),
        ({"skip_tags": ["always", "base"]}, "--skip-tags always leaves out the checks; name"),
        ({"start_at_task": "Ensure"}, "--start-at-task leaves out the checks before it; --tags"),
        (
            {"args": ["add_analyst.yml"], "tags": ["base"]},
            "--tags base: add_analyst.yml has no tags. Leave the option out.",
        ),
    ],
)
def test_what_would_do_less_than_it_says_is_a_problem(
    options: dict[str, Any], message: str
) -> None:
    given = [str(ROOT / name) for name in options.get("args", ["site.yml"])]
    problem = bundle.option_problem({"tags": ["all"], **options, "args": given})
    assert problem is not None
    assert problem.startswith(message)


def test_what_a_playbook_has_is_no_problem(tmp_path: Path) -> None:
    parts = {*ROLES, "app_config", "ssh_analysts", "base_bus", "analysts_list"}
    assert parts <= bundle.tags_of(Path(SITE))
    assert bundle.option_problem({"args": [SITE], "tags": ["all"], "skip_tags": []}) is None
    assert bundle.option_problem({"args": [SITE], "tags": [*parts], "skip_tags": ["ssh"]}) is None
    assert bundle.option_problem({"args": [SITE], "tags": ["always"]}) is None
    assert bundle.option_problem({"subset": "webs"}) is None
    wrapper = tmp_path / "ours.yml"
    wrapper.write_text(f"- import_playbook: {SITE}\n  tags: broker\n")
    assert bundle.option_problem({"args": [str(wrapper)], "tags": ["broker"]}) is None
    for book in (SITE, str(ROOT / "tests/molecule/create.yml")):
        skipped = ["molecule-notest", "notest", "molecule-idempotence-notest"]
        assert bundle.option_problem({"args": [book], "skip_tags": skipped}) is None
