"""Which Ansible deploys a broker."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleError

from .bundle import plugin

require_version = plugin("vars/bundle.py").require_version


@pytest.mark.parametrize("version", ["2.14.18", "2.17.14", "2.18.0rc1"])
def test_an_old_one_is_told_what_to_use(version: str) -> None:
    with pytest.raises(AnsibleError, match=rf"ansible-core {version}; .* Run bin/bootstrap"):
        require_version(version)


@pytest.mark.parametrize("version", ["2.19.0", "2.20.1", "2.21.0b1", "3.0.0"])
def test_later_ones_are_taken(version: str) -> None:
    require_version(version)
