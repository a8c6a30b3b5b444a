#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: questions to a host, all in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: host_probe
short_description: Ask a host several questions in one call
version_added: "0.2.0"
description:
  - Runs commands that change nothing, in check mode, too, and returns what each of them answers.
  - An exit code of 0 or 1 is an answer, as from C(test) and C(grep). Any other, and a command that
    the host does not have, is an error.
  - One call takes the time that C(command) takes for each of them.
options:
  commands:
    description: The words of each command, under a name for its answer.
    type: dict
    required: true
attributes:
  check_mode:
    description: Changes nothing, so a check is a run.
    support: full
  diff_mode:
    description: Nothing differs.
    support: none
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Determine what is mounted, and in which groups the service is
  host_probe:
    commands:
      mounts: [findmnt, --list, --json]
      groups: [id, --name, --groups, broker]
  register: host
"""

RETURN = r"""
answers:
  description: Of each command, under its name, C(code), C(stdout) and its C(lines).
  returned: success
  type: dict
  sample: {"groups": {"code": 0, "stdout": "broker dataread", "lines": ["broker dataread"]}}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC: dict[str, Any] = {"commands": {"type": "dict", "required": True}}
_ANSWERS = (0, 1)


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    answers = {}
    for name, words in module.params["commands"].items():
        code, output, error = module.run_command(
            [str(word) for word in words], expand_user_and_vars=False
        )
        if code not in _ANSWERS:
            module.fail_json(msg=f"{words[0]} ended with {code}: {error.strip()}")
        text = output.rstrip("\n")
        answers[name] = {"code": code, "stdout": text, "lines": text.splitlines()}
    module.exit_json(changed=False, answers=answers)


if __name__ == "__main__":
    main()
