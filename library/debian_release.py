#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: which system a host runs, and nothing else about it."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: debian_release
short_description: Tell which Debian a host runs
version_added: "0.2.0"
description:
  - Reads C(/etc/os-release) and returns two of the facts that C(setup) gathers, under their names.
  - C(setup) loads all of its collectors, which takes longer than any other task of a deploy.
  - Changes nothing.
options: {}
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
- name: Determine which Debian the host runs
  debian_release:
"""

RETURN = r"""
ansible_facts:
  description: As C(setup) names them.
  returned: success
  type: dict
  contains:
    distribution:
      description: The first word of the system's name.
      type: str
      sample: Debian
    distribution_major_version:
      description: The release; empty for one that has no number, such as Debian's testing.
      type: str
      sample: "13"
"""

import platform
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule

ARGUMENT_SPEC: dict[str, Any] = {}


def facts(release: Mapping[str, str]) -> dict[str, str]:
    """From the fields of os-release(5) to the facts."""
    name = release.get("NAME", "").split()
    return {
        "distribution": name[0] if name else "an unknown system",
        "distribution_major_version": release.get("VERSION_ID", "").partition(".")[0],
    }


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        release = platform.freedesktop_os_release()
    except OSError as error:
        module.fail_json(msg=f"this is not a Debian: {error}")
    module.exit_json(changed=False, ansible_facts=facts(release))


if __name__ == "__main__":
    main()
