#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: one key of one analyst."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: analyst_key
short_description: Add, rotate or revoke a key of an analyst of a data broker
version_added: "0.2.0"
description:
  - Changes the keys of an existing analyst; see M(analyst) to add one.
  - A key that was revoked is remembered, and neither this module nor the inventory brings it back.
  - A rotation adds the new key at once and lets the others end after a grace period. It is
    repeatable; a second run does not make the grace period longer.
options:
  analyst:
    description: Name of the account.
    type: str
    required: true
  key:
    description: The public SSH key to add, one line without options.
    type: str
  name:
    description: What the key is called here, unique among the keys of this person.
    type: str
  expires:
    description: The day (V(2026-12-31)) or moment in UTC after which sshd refuses the key.
    type: str
  state:
    description:
      - V(present) adds O(key).
      - V(rotated) adds O(key); those in O(old), or all others, end when O(grace) has passed;
        with V(0m) they are revoked at once.
      - V(absent) revokes those in O(old) at once. Sessions that they opened are not ended.
    type: str
    choices: [present, rotated, absent]
    default: present
  old:
    description: Keys that end, each by its name, its fingerprint or its comment.
    type: list
    elements: str
  grace:
    description: How long keys that are rotated out still work, such as V(12h) or V(7d).
    type: str
    default: 7d
attributes:
  check_mode:
    description: Reports what would be done and leaves the disk as it is, byte for byte.
    support: full
  diff_mode:
    description: Shows properties and fingerprints, never the bytes of a file.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - A Debian host, root on it.
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure anna's new key works, and her others for one more week
  analyst_key:
    analyst: anna
    key: "{{ lookup('ansible.builtin.file', 'keys/anna-new.pub') }}"
    name: laptop-2027
    state: rotated

- name: Ensure the key of the stolen laptop opens nothing
  analyst_key:
    analyst: anna
    old: [laptop-2026]
    state: absent
"""

RETURN = r"""
analyst:
  description: The analyst as M(analyst) returns them, keys with fingerprints among it.
  returned: success
  type: dict
actions:
  description: What was done or would be, one sentence each; empty when nothing is to be done.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.accounts.answer import answer
from ansible.module_utils.broker.accounts.debian.host import Host
from ansible.module_utils.broker.accounts.manage import converge
from ansible.module_utils.broker.accounts.records.keyrequest import key_request
from ansible.module_utils.broker.errors import BrokerError

ARGUMENT_SPEC: dict[str, Any] = {
    "analyst": {"type": "str", "required": True},
    # no_log: a user may paste a private key, and Ansible writes arguments to the syslog
    "key": {"type": "str", "no_log": True},
    "name": {"type": "str"},
    "expires": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "rotated", "absent"], "default": "present"},
    "old": {"type": "list", "elements": "str"},
    "grace": {"type": "str", "default": "7d"},
}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        required_if=[
            ("state", "present", ("key",)),
            ("state", "rotated", ("key",)),
            ("state", "absent", ("old",)),
        ],
        supports_check_mode=True,
    )
    given = module.params
    try:
        request = key_request(
            given["analyst"],
            given["state"],
            key=given["key"],
            label=given["name"],
            expires=given["expires"],
            old=given["old"] or (),
            grace=given["grace"],
        )
        outcome = converge([request], Host(), check=module.check_mode)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    answer(module, outcome, analyst=outcome.people[0])


if __name__ == "__main__":
    main()
