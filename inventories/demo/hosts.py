#!/usr/bin/env python3
"""The broker of the running demo, as an Ansible inventory; empty while no demo runs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
STATE = Path(os.environ.get("BROKER_DEMO_DIR") or ROOT / ".cache" / "demo", "hosts.json")


def inventory(state: dict[str, Any]) -> dict[str, Any]:
    """The host under the key ``broker`` of the demo's state, with what reaches it over ssh."""
    hosts = {state["broker"]["name"]: connection(state["broker"])} if "broker" in state else {}
    return {"all": {"hosts": list(hosts)}, "_meta": {"hostvars": hosts}}


def connection(host: dict[str, str]) -> dict[str, str]:
    """Ansible's names for an address, a user, a key and the host's own key."""
    return {
        "ansible_host": host["address"],
        "ansible_user": host["user"],
        "ansible_ssh_private_key_file": host["private_key"],
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={host['known_hosts']}",
    }


def main() -> None:
    """Print the inventory as the script protocol of Ansible asks."""
    state = json.loads(STATE.read_text()) if STATE.exists() else {}
    print(json.dumps(inventory(state)))  # noqa: T201  the protocol is standard output


if __name__ == "__main__":
    main()
