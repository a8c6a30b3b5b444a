#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: one analyst, or a list of hundreds in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: analyst
short_description: Look after the analysts of a data broker
version_added: "0.1.0"
description:
  - Makes, changes and removes analysts as Linux accounts on a broker host, hundreds in one call.
  - An analyst is an account with a group of its own, a home with C(server/) and C(user/),
    membership of C(dataread), and of C(data-private) where private data is granted,
    and a key file that root owns.
  - Every entry is checked before anything is changed. One refusal refuses the whole call.
  - Drift of analysts who are not named is mended too, and so is what an interrupted run left.
  - Same code as the commands C(add-analyst), C(list-analysts) and C(remove-analyst) on the host.
options:
  name:
    description: Name of the account. 1 to 32 of C(a-z 0-9 _ -), the first a letter; not reserved.
    type: str
  email:
    description: Where this person is reached. What is left out stays as it is.
    type: str
  key:
    description:
      - The public SSH key, one line without options.
      - It replaces the keys before. Left out, they stay.
      - Ed25519, ECDSA, their hardware forms, or RSA of at least 3072 bits.
    type: str
  keys:
    description: Several public SSH keys, instead of O(key).
    type: list
    elements: str
  private:
    description:
      - Whether this person reads private data.
      - Left out, it stays as it is; for somebody new and with O(origin=declared) that means no.
    type: bool
  state:
    description:
      - V(absent) removes keys, sessions, processes, groups and account, and puts the home away.
      - An account that the broker did not make is never removed.
    type: str
    choices: [present, absent]
    default: present
  origin:
    description:
      - V(declared) for a list in the inventory, which is the whole truth about those in it.
      - V(registry) for somebody added on the way. Nobody declared becomes undeclared by it.
    type: str
    choices: [declared, registry]
    default: registry
  home:
    description:
      - What O(state=absent) does to the home.
      - V(archive) moves it to C(/var/lib/data-broker/archive/NAME-UID), where only root enters.
    type: str
    choices: [archive, delete]
    default: archive
  analysts:
    description: A list of analysts, instead of O(name). Each name once; no key for two people.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
        required: true
      email:
        description: As O(email).
        type: str
      key:
        description: As O(key).
        type: str
      keys:
        description: As O(keys).
        type: list
        elements: str
      private:
        description: As O(private).
        type: bool
      state:
        description: As O(state).
        type: str
        choices: [present, absent]
        default: present
attributes:
  check_mode:
    description: Tells what would be done and leaves the disk as it is, byte for byte.
    support: full
  diff_mode:
    description: Shows properties and fingerprints of those who differ, never the bytes of a file.
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
- name: Ensure anna may pull public data
  analyst:
    name: anna
    email: anna@example.com
    key: "{{ lookup('ansible.builtin.file', 'keys/anna.pub') }}"

- name: Ensure anna reads private data, too
  analyst:
    name: anna
    private: true

- name: Ensure the declared analysts stand on the host
  analyst:
    origin: declared
    analysts: "{{ broker_analysts }}"

- name: Ensure anna is gone
  analyst:
    name: anna
    state: absent
"""

RETURN = r"""
analysts:
  description: Those who were asked for, as they are now or would be.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the account.
      type: str
      returned: always
    state:
      description: V(present) or V(absent).
      type: str
      returned: always
    uid:
      description: Uid and gid of the account. No uid is given out twice.
      type: int
      returned: when the broker keeps the analyst, or kept them until now
    email:
      description: Where this person is reached.
      type: str
      returned: when the broker keeps the analyst, or kept them until now
    private:
      description: Whether this person reads private data.
      type: bool
      returned: when the broker keeps the analyst, or kept them until now
    classes:
      description: The access classes beyond public.
      type: list
      elements: str
      returned: when the broker keeps the analyst, or kept them until now
    keys:
      description: The public keys.
      type: list
      elements: dict
      returned: when the broker keeps the analyst, or kept them until now
      contains:
        type:
          description: Type of the key.
          type: str
          returned: always
        fingerprint:
          description: As C(ssh-keygen -l) shows it.
          type: str
          returned: always
        comment:
          description: What the owner wrote behind the key.
          type: str
          returned: always
    origin:
      description: V(declared) or V(registry).
      type: str
      returned: when the broker keeps the analyst, or kept them until now
actions:
  description: What was done or would be, one sentence each; empty when everything is as asked.
  returned: success
  type: list
  elements: str
  sample: ["write the list of analysts", "make account anna", "write the keys of anna"]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.accounts import (
    DebianSystem,
    Layout,
    Request,
    converge,
    parse_request,
)
from ansible.module_utils.broker.errors import BrokerError

ABOUT_ONE: dict[str, Any] = {
    "name": {"type": "str"},
    "email": {"type": "str"},
    # no_log: somebody may paste a private key, and Ansible writes arguments to the syslog
    "key": {"type": "str", "no_log": True},
    "keys": {"type": "list", "elements": "str", "no_log": True},
    "private": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
ARGUMENT_SPEC: dict[str, Any] = {
    **ABOUT_ONE,
    "origin": {"type": "str", "choices": ["declared", "registry"], "default": "registry"},
    "home": {"type": "str", "choices": ["archive", "delete"], "default": "archive"},
    "analysts": {
        "type": "list",
        "elements": "dict",
        "options": {**ABOUT_ONE, "name": {"type": "str", "required": True}},
        "mutually_exclusive": [("key", "keys")],
    },
}


def requests(params: dict[str, Any]) -> list[Request]:
    """The requests that the module's parameters make. Raises ``BrokerError``."""
    entries = [params] if params["analysts"] is None else params["analysts"]
    return [
        parse_request(
            entry["name"],
            email=entry["email"],
            keys=entry["keys"] if entry["key"] is None else [entry["key"]],
            private=entry["private"],
            state=entry["state"],
            origin=params["origin"],
            home=params["home"],
        )
        for entry in entries
    ]


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("key", "keys"), ("analysts", "name")],
        required_one_of=[("name", "analysts")],
        supports_check_mode=True,
    )
    try:
        asked = requests(module.params)
        outcome = converge(asked, Layout(), DebianSystem(), check=module.check_mode)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=outcome.changed,
        actions=list(outcome.actions),
        analysts=list(outcome.analysts),
        diff={"before": outcome.before, "after": outcome.after},
    )


if __name__ == "__main__":
    main()
