"""``inventories/demo``: the running demo's broker, or nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.unit.ansible.bundle import ROOT


def inventory(folder: Path) -> dict[str, Any]:
    """What the script prints for a demo that keeps its state in this folder."""
    answer = subprocess.run(
        [ROOT / "inventories" / "demo" / "hosts.py", "--list"],
        env={"BROKER_DEMO_DIR": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    printed: dict[str, Any] = json.loads(answer.stdout)
    return printed


def test_no_demo_is_no_host(tmp_path: Path) -> None:
    assert inventory(tmp_path) == {"brokers": {"hosts": []}, "_meta": {"hostvars": {}}}


def test_a_demo_without_hosts_is_no_host(tmp_path: Path) -> None:
    (tmp_path / "hosts.json").write_text('{"mode": "local"}')
    assert inventory(tmp_path)["brokers"] == {"hosts": []}


def test_the_broker_is_reached_as_the_demo_says_and_the_laptop_is_no_broker(tmp_path: Path) -> None:
    host = {
        "name": "broker",
        "address": "10.77.0.2",
        "user": "root",
        "private_key": "/state/key",
        "known_hosts": "/state/known_hosts",
    }
    state = {"broker": host, "laptop": {**host, "name": "laptop"}}
    (tmp_path / "hosts.json").write_text(json.dumps(state))
    (tmp_path / "variables.json").write_text('{"broker_data_source": {"type": "keboola"}}')
    assert inventory(tmp_path) == {
        "brokers": {"hosts": ["broker"]},
        "_meta": {
            "hostvars": {
                "broker": {
                    "broker_data_source": {"type": "keboola"},
                    "ansible_host": "10.77.0.2",
                    "ansible_user": "root",
                    "ansible_ssh_private_key_file": "/state/key",
                    "ansible_ssh_common_args": "-o UserKnownHostsFile=/state/known_hosts",
                }
            }
        },
    }
