"""What a deploy tells that is no mistake."""

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


def test_doubts_stand_in_the_output_of_the_play_and_change_nothing(tmp_path: Path) -> None:
    description = tmp_path / "mine.md"
    description.write_text(DESCRIPTION)
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
    path = tmp_path / "play.yml"
    path.write_text(json.dumps([play]))
    code, words = ansible_playbook(
        str(path), "-i", "localhost,", ANSIBLE_ROLES_PATH=str(ROOT / "roles")
    )
    assert code == 0, words
    assert "the tables shop.orders and hr.orders have the same rows for other readers" in words
    assert "changed=0" in words
