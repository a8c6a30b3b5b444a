from __future__ import annotations

import pytest

from tests.touched import ROOT, RULES, touched


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/broker/publish/store.py", ["tests/integration/publish"]),
        ("src/broker/sources/csv/rows.py", ["tests/integration/sources"]),
        ("src/broker/files.py", ["tests/integration/test_files.py"]),
        ("src/broker/cli/status.py", ["tests/integration/cli"]),
        ("src/broker/foreign/text.py", ["tests/integration/laptop"]),
        ("src/broker/errors.py", ["tests/integration/cli"]),
        ("src/broker/audit/log.py", ["tests/integration/accounts"]),
        ("src/broker/config/read.py", ["tests/integration/cli"]),
        ("tests/integration/sync/test_kills.py", ["tests/integration/sync"]),
        ("tests/integration/test_files.py", ["tests/integration/test_files.py"]),
        ("tests/unit/test_files.py", []),
        ("roles/app/tasks/main.yml", ["tests/integration/ansible"]),
        ("README.md", ["tests/integration/docs"]),
        ("site.yml", ["tests/integration/ansible"]),
        ("add_analyst.yml", ["tests/integration/ansible"]),
        ("ansible.cfg", ["tests/integration/ansible"]),
        ("Makefile", ["tests/integration/install"]),
        ("pyproject.toml", ["tests/integration/install"]),
        ("LICENSE", []),
    ],
)
def test_a_changed_path_is_held_by(path: str, expected: list[str]) -> None:
    assert touched([path, path]) == expected


def test_every_rule_names_tests_that_are_there() -> None:
    targets = [target for _, target in RULES if "{" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []
