"""What the checks of a deploy say of a configuration, in the output of a play."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.ansible.bundle import ROOT, ansible_playbook

DESCRIPTION = """```yaml
tables:
  - {id: shop.orders}
  - {id: hr.orders, access: private}
```
"""


def checked(description: Path) -> tuple[int, str]:
    """Play the checks of the role alone."""
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Check",
                "ansible.builtin.include_role": {"name": "app", "tasks_from": "preflight"},
            }
        ],
        "vars": {
            "app_instance": {"data_source": {"type": "csv", "path": "/data/input"}},
            "app_description": str(description),
            "app_secrets": {},
            "app_run_environment": {},
        },
    }
    path = description.with_name("play.yml")
    path.write_text(json.dumps([play]))
    return ansible_playbook(str(path), "-i", "localhost,", ANSIBLE_ROLES_PATH=str(ROOT / "roles"))


def test_doubts_stand_in_the_output_of_the_play_and_change_nothing(tmp_path: Path) -> None:
    description = tmp_path / "mine.md"
    description.write_text(DESCRIPTION)
    code, words = checked(description)
    assert code == 0, words
    assert "the tables shop.orders and hr.orders have the same rows for other readers" in words
    assert "changed=0" in words


def test_a_wrong_metric_is_refused_before_anything_changes(tmp_path: Path) -> None:
    description = tmp_path / "mine.md"
    description.write_text(DESCRIPTION)
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/orders.yml").write_text("name: orders\ntitle: O\nsql: DROP TABLE orders\n")
    code, words = checked(description)
    assert code != 0
    assert f"{tmp_path}/metrics/orders.yml:3: sql is wrong; expected one SELECT" in words
    assert "Nothing was changed." in words
