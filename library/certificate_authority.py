#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: whether certificates open a session on a broker host."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: certificate_authority
short_description: Make a data broker issue short-lived SSH certificates, or not
version_added: "0.2.0"
description:
  - Makes a key pair that signs certificates once, on the host, in C(/etc/data-broker); its private
    half never leaves the host. Beside it stand the list of certificates and the revocation list.
  - The revocation list names every certificate but those that the host issued, remembers, and still
    finds allowed by the list of analysts; each change of an analyst or a key writes it anew.
  - A private key that others than root can read is replaced, which ends every certificate.
  - It does not change the configuration of sshd, which has to name the authority.
extends_documentation_fragment: turn
options:
  state:
    description: V(absent) removes the key pair and both lists.
    type: str
    choices: [present, absent]
    default: present
  hours:
    description: How long a certificate lives, 1 to 744. Those that were issued keep their end.
    type: int
    default: 12
attributes:
  check_mode:
    description: Reports what would be done and leaves the disk as it is, byte for byte.
    support: full
  diff_mode:
    description: Shows fingerprints, modes and whether the lists are as they should be; never a key.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - A Debian host with C(ssh-keygen), root on it.
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that this host issues certificates for eight hours
  certificate_authority:
    hours: 8
"""

RETURN = r"""
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
from ansible.module_utils.broker.accounts.records.certificates import check_mode
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.turn import mine

ARGUMENT_SPEC: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "hours": {"type": "int", "default": 12},
    "turn": {"type": "str", "default": ""},
}


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    present = module.params["state"] == "present"
    try:
        mode = check_mode(module.params["hours"] if present else None)
        with mine("" if module.check_mode else module.params["turn"]):
            outcome = converge((), Host(), check=module.check_mode, certificates=mode)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    answer(module, outcome)


if __name__ == "__main__":
    main()
