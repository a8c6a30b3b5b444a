#!/usr/bin/env python3
"""The broker of the running demo, as an Ansible inventory; empty while no demo runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DEMO = Path(os.environ.get("BROKER_DEMO_DIR") or ROOT / ".cache" / "demo")


def inventory(state: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
    """The host under the key ``broker`` of the demo's state, with what reaches it over ssh."""
    hosts = {}
    if "broker" in state:
        hosts[state["broker"]["name"]] = {**connection(state["broker"]), **variables}
    return {"brokers": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}


def connection(host: dict[str, str]) -> dict[str, str]:
    """Ansible's names for an address, a user, a key and the host's own key."""
    return {
        "ansible_host": host["address"],
        "ansible_user": host["user"],
        "ansible_ssh_private_key_file": host["private_key"],
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host['known_hosts']}",
    }


def read_json(name: str) -> dict[str, Any]:
    """What the demo wrote into a file of its own; nothing where it did not."""
    path = DEMO / name
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def main() -> None:
    """Print the inventory as the script protocol of Ansible asks."""
    print(json.dumps(inventory(read_json("hosts.json"), read_json("variables.json"))))  # noqa: T201  the protocol is standard output


if __name__ == "__main__":
    main()
