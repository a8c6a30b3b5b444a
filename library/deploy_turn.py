#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: one deploy of a host at a time."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: deploy_turn
short_description: Let one deploy of a data broker work at a time
version_added: "0.2.0"
description:
  - Waits until no other deploy of this host is at work, then takes the turn. Who takes it is known
    by RV(id), which the modules that change the host compare before each change.
  - A deploy whose controller is gone is known by its silence - no change, and no process in its
    session, for ten seconds - and loses its turn to the next one. Where it goes on all the same,
    its next change is refused.
options:
  state:
    description:
      - V(taken) waits for the turn and takes it; another deploy that works for longer than
        O(patience) is an error.
      - V(returned) lets the next deploy begin at once.
    type: str
    choices: [taken, returned]
    default: taken
  id:
    description: The turn that is returned. One that is another's by now is left alone.
    type: str
    default: ""
  patience:
    description: Seconds to wait for another deploy.
    type: int
    default: 60
attributes:
  check_mode:
    description: Waits and refuses as a real run does, and takes nothing.
    support: full
  diff_mode:
    description: There is nothing to show.
    support: none
  idempotent:
    description: Nothing of the host's configuration is changed, so it never tells of a change.
    support: full
requirements:
  - root
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that no other deploy is at work
  deploy_turn:
  register: turn

- name: Ensure that the next one can begin
  deploy_turn:
    state: returned
    id: "{{ turn.id }}"
"""

RETURN = r"""
id:
  description: The turn that was taken; empty in check mode, and once it is returned.
  returned: success
  type: str
  sample: 5be1a6f0c3d94e27
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.audit import current_actor
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.turn import give_back, take

ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["taken", "returned"], "default": "taken"},
    "id": {"type": "str", "default": ""},
    "patience": {"type": "int", "default": 60},
}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    turn = ""
    try:
        if module.params["state"] == "taken":
            turn = take(_asker(), patience=module.params["patience"], check=module.check_mode)
        elif not module.check_mode:
            give_back(module.params["id"])
    except (BrokerError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, id=turn)


def _asker() -> str:
    """Who deploys; the address tells apart those who come as the same account."""
    actor = current_actor()
    address = (actor.claims or {}).get("ssh_connection", "").partition(" ")[0]
    return f"{actor} from {address}" if address else str(actor)


if __name__ == "__main__":
    main()
