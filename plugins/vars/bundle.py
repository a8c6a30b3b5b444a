"""The settings of this repository, for every inventory and every way of starting a play."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.vars import BaseVarsPlugin
from ansible.release import __version__
from ansible.utils.vars import combine_vars

DOCUMENTATION = """
name: bundle
short_description: Reads the top-level C(group_vars/) of this repository
description:
  - Ansible reads C(group_vars/) beside the inventory and beside the play, and the plays stand in
    C(playbooks/). This plugin gives the repository's own C(group_vars/) to every play, also with
    an inventory elsewhere or C(-i 10.0.0.5,).
  - It answers for the play, never for an inventory. With C(all_plugins_play) first in
    C(precedence), as in our C(ansible.cfg), these are the weakest of all variables.
requirements:
  - Enabled in C(ansible.cfg) by C(vars_plugins_enabled).
"""

OLDEST = (2, 19)
GROUP_VARS = Path(__file__).resolve().parents[2] / "group_vars"


def require_version(version: str) -> None:
    """This plugin is the first of ours that Ansible calls, so an old one gets a sentence here."""
    if tuple(map(int, version.split(".")[:2])) < OLDEST:
        raise AnsibleError(
            f"This is ansible-core {version}; a broker is deployed with 2.19 or later. Run "
            "bin/bootstrap in this repository and use .venv/bin/ansible-playbook."
        )


class VarsModule(BaseVarsPlugin):
    """Called by Ansible once per group or host, for each inventory and for the play."""

    REQUIRES_ENABLED = True
    is_stateless = True

    def get_vars(self, loader: DataLoader, path: str, entities: Any) -> dict[str, Any]:
        """The variables of ``group_vars/all``; none where ``path`` is an inventory's folder."""
        require_version(__version__)
        asked = entities if isinstance(entities, list) else [entities]
        if path != loader.get_basedir() or all(entity.name != "all" for entity in asked):
            return {}
        found: dict[str, Any] = {}
        for name in loader.find_vars_files(str(GROUP_VARS), "all"):
            content = loader.load_from_file(
                name, cache="all", unsafe=True, trusted_as_template=True
            )
            found = combine_vars(found, content or {})
        return found
