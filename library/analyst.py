#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: one analyst, or a list of hundreds in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: analyst
short_description: Manage the analysts and the operators of a data broker
version_added: "0.1.0"
description:
  - Makes, changes and removes analysts as Linux accounts on a broker host, hundreds in one call.
  - An analyst is an account with a group of its own, a home with C(server/) and C(user/),
    membership of C(dataread) and of the group of every access class that is granted,
    and a key file that root owns. Without O(shell) the account can only transfer files.
  - Every entry is checked before anything is changed. One refusal refuses the whole call.
  - Drift of analysts who are not named is repaired too, and so is what an interrupted run left.
  - A home that cannot be repaired because of its owner is a warning, and an error only where
    that person is requested with O(origin=registry). The others are handled either way.
  - What the inventory declares and what was added on the host stand beside each other. Neither
    side takes away what is the other's.
  - An operator is an account in C(data-ops) with a key file that root owns and a normal login. It
    reads the state of the broker and public tables; with C(sudo) it may become root.
  - Same code as the commands C(broker analyst) and C(broker operator) on the host.
extends_documentation_fragment: turn
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
    description:
      - Several public SSH keys, instead of O(key).
      - Each is a line, or a dictionary of C(key) with C(name) and C(expires), a day such as
        V(2026-12-31) or a moment in UTC. A key ends with its last second.
    type: list
    elements: raw
  classes:
    description:
      - The access classes beyond public, all of them. Left out, they stay as they are;
        with O(origin=declared) that means none.
      - Classes that the other origin granted stay.
    type: list
    elements: str
  grant:
    description: Access classes to add to those that this person has.
    type: list
    elements: str
  revoke:
    description:
      - Access classes to take away; sessions that still hold one are ended.
      - What the inventory grants only the inventory revokes.
    type: list
    elements: str
  private:
    description:
      - Whether this person reads private data. Short for the class C(private) in O(classes).
      - Left out, it stays as it is; for a new person and with O(origin=declared) that means no.
    type: bool
  shell:
    description:
      - Whether this person has a normal login. Without it the account can only pull what its
        classes allow and push to its own C(user/).
      - Left out, it stays as it is; for a new person that means no.
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
      - V(declared) for a list in the inventory, which says everything that the inventory grants.
      - V(registry) for a person added on the host. A declared person stays declared.
    type: str
    choices: [declared, registry]
    default: registry
  home:
    description:
      - What O(state=absent) does to the home.
      - V(archive) moves it to C(/home/.data-broker-archive/NAME-UID), where only root enters.
    type: str
    choices: [archive, delete]
    default: archive
  known:
    description:
      - Whether the analyst must exist, so that a misspelt name is an error and adds no account.
        Not for O(analysts).
    type: bool
    default: false
  analysts:
    description: A list of analysts, instead of O(name). Each name once; no key for two people.
    type: list
    elements: dict
    suboptions:
      name: &name
        description: As O(name).
        type: str
        required: true
      email: &email
        description: As O(email).
        type: str
      key: &key
        description: As O(key).
        type: str
      keys: &keys
        description: As O(keys).
        type: list
        elements: raw
      classes:
        description: As O(classes).
        type: list
        elements: str
      grant:
        description: As O(grant).
        type: list
        elements: str
      revoke:
        description: As O(revoke).
        type: list
        elements: str
      private:
        description: As O(private).
        type: bool
      shell:
        description: As O(shell).
        type: bool
      state: &state
        description: As O(state).
        type: str
        choices: [present, absent]
        default: present
  operators:
    description:
      - A list of operators, instead of O(name) or beside O(analysts). Each name once, in one of
        the two lists; no key for two people.
    type: list
    elements: dict
    suboptions:
      name: *name
      email: *email
      key: *key
      keys: *keys
      sudo:
        description:
          - Whether this person may become root without a password, as none is set.
          - Left out, it stays as it is; for a new person and with O(origin=declared) that means no.
        type: bool
      state: *state
  access_classes:
    description:
      - Every access class of the host by its name. Each is a dictionary as in
        C(broker_access_classes), of which only C(group) counts here; the name of the group alone;
        or nothing, which means C(data-NAME). C(public) and C(private) (C(data-private)) always
        exist; the group of C(public) is C(dataread) and no other.
      - They are written to C(/etc/data-broker/access_classes.json), and the groups made. A class
        that an analyst holds cannot be taken away. Left out, those of the host hold.
    type: dict
attributes:
  check_mode:
    description: Reports what would be done and leaves the disk as it is, byte for byte.
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

- name: Ensure bert reads finance with two keys, one of which ends
  analyst:
    name: bert
    classes: [finance]
    keys:
      - "{{ lookup('ansible.builtin.file', 'keys/bert.pub') }}"
      - name: contractor-laptop
        key: "{{ lookup('ansible.builtin.file', 'keys/bert-laptop.pub') }}"
        expires: "2026-12-31"

- name: Ensure the declared analysts stand on the host
  analyst:
    origin: declared
    analysts: "{{ broker_analysts }}"

- name: Ensure olga looks after the broker
  analyst:
    origin: declared
    operators:
      - name: olga
        key: "{{ lookup('ansible.builtin.file', 'keys/olga.pub') }}"
        sudo: true

- name: Ensure anna is gone
  analyst:
    name: anna
    state: absent
"""

RETURN = r"""
analysts:
  description:
    - Those requested, as they are now or would be.
    - Of an operator there is C(sudo) in place of C(private), C(classes), C(declared_classes) and
      C(shell).
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
      description: Uid and gid of the account. No uid is used twice.
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
    declared_classes:
      description: Those among them that the inventory grants.
      type: list
      elements: str
      returned: when the broker keeps the analyst, or kept them until now
    shell:
      description: Whether this person has a normal login.
      type: bool
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
        name:
          description: What the key is called here, or nothing.
          type: str
          returned: always
        until:
          description: The moment from which the key is refused; null where there is none.
          type: str
          returned: always
        revoked:
          description: Whether the key was revoked.
          type: bool
          returned: always
        origin:
          description: V(declared) or V(registry).
          type: str
          returned: always
    origin:
      description: V(declared) or V(registry).
      type: str
      returned: when the broker keeps the analyst, or kept them until now
probes:
  description: What sshd answered to each key of those who left, over a connection that offered it.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Name of the account that was.
      type: str
      returned: always
    fingerprint:
      description: The key that was offered, with the serial where it was a certificate for it.
      type: str
      returned: always
    answer:
      description: The last line of ssh, such as C(Permission denied (publickey)).
      type: str
      returned: always
    taken:
      description: Always false; a key that is still taken is an error.
      type: bool
      returned: always
actions:
  description: What was done or would be, one sentence each; empty when nothing is to be done.
  returned: success
  type: list
  elements: str
  sample: ["write the list of analysts", "make account anna", "write the keys of anna"]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.accounts.answer import answer
from ansible.module_utils.broker.accounts.debian.host import Host
from ansible.module_utils.broker.accounts.manage import converge
from ansible.module_utils.broker.accounts.records.classes import parse_classes
from ansible.module_utils.broker.accounts.records.model import Request, Role, parse_request
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.turn import mine

_LONGEST_WORD = 63  # of the name of a key; a line of a private key has 64 or 70

ABOUT_ONE: dict[str, Any] = {
    "name": {"type": "str"},
    "email": {"type": "str"},
    # no_log: a user may paste a private key, and Ansible writes arguments to the syslog
    "key": {"type": "str", "no_log": True},
    "keys": {"type": "list", "elements": "raw", "no_log": True},
    "classes": {"type": "list", "elements": "str"},
    "grant": {"type": "list", "elements": "str"},
    "revoke": {"type": "list", "elements": "str"},
    "private": {"type": "bool"},
    "shell": {"type": "bool"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
ABOUT_AN_OPERATOR: dict[str, Any] = {
    **{name: ABOUT_ONE[name] for name in ("email", "key", "keys", "state")},
    "name": {"type": "str", "required": True},
    "sudo": {"type": "bool"},
}
ARGUMENT_SPEC: dict[str, Any] = {
    **ABOUT_ONE,
    "origin": {"type": "str", "choices": ["declared", "registry"], "default": "registry"},
    "home": {"type": "str", "choices": ["archive", "delete"], "default": "archive"},
    "known": {"type": "bool", "default": False},
    "analysts": {
        "type": "list",
        "elements": "dict",
        "options": {**ABOUT_ONE, "name": {"type": "str", "required": True}},
        "mutually_exclusive": [("key", "keys")],
    },
    "operators": {
        "type": "list",
        "elements": "dict",
        "options": ABOUT_AN_OPERATOR,
        "mutually_exclusive": [("key", "keys")],
    },
    "access_classes": {"type": "dict"},
    "turn": {"type": "str", "default": ""},
}


def requests(params: dict[str, Any]) -> list[Request]:
    """The requests that the module's parameters make. Raises ``BrokerError``."""
    analysts = [params] if params["name"] is not None else params["analysts"] or []
    return [
        *(_request(entry, params, "analyst") for entry in analysts),
        *(_request(entry, params, "operator") for entry in params["operators"] or ()),
    ]


def public_words(params: dict[str, Any]) -> set[str]:
    """Names and ends of keys, as short as such are: O(keys) hides them with the keys beside them.

    Hidden, they would be so in every text of the result, in an account of the same name, too.
    """
    entries = [params, *(params["analysts"] or ()), *(params["operators"] or ())]
    keys = [one for entry in entries for one in entry["keys"] or () if isinstance(one, dict)]
    words = {str(key[word]) for key in keys for word in ("name", "expires") if key.get(word)}
    return {word for word in words if len(word) <= _LONGEST_WORD} - {
        str(k.get("key")) for k in keys
    }


def _request(entry: dict[str, Any], params: dict[str, Any], role: Role) -> Request:
    """One entry; options of the other role are left out."""
    words = ("email", "classes", "private", "shell", "sudo", "state")
    return parse_request(
        entry["name"],
        keys=entry["keys"] if entry["key"] is None else [entry["key"]],
        grant=entry.get("grant") or (),
        revoke=entry.get("revoke") or (),
        origin=params["origin"],
        home=params["home"],
        known=params["known"],
        role=role,
        **{word: entry[word] for word in words if word in entry},
    )


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(
        argument_spec=ARGUMENT_SPEC,
        mutually_exclusive=[("key", "keys"), ("analysts", "name"), ("operators", "name")],
        required_one_of=[("name", "analysts", "operators")],
        supports_check_mode=True,
    )
    module.no_log_values -= public_words(module.params)
    try:
        changes = requests(module.params)
        declared = module.params["access_classes"]
        classes = None if declared is None else parse_classes(declared, where="access_classes")
        with mine("" if module.check_mode else module.params["turn"]):
            outcome = converge(changes, Host(), check=module.check_mode, classes=classes)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    answer(module, outcome, analysts=list(outcome.people), probes=list(outcome.probes))


if __name__ == "__main__":
    main()
