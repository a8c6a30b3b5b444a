"""Modules of ``library/`` as Ansible runs them: same arguments in, same JSON out, no host."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from broker.accounts import Layout
from tests.unit.accounts.scratch import ScratchSystem, make_root

PROJECT = Path(__file__).parents[3]
Call = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def analyst() -> ModuleType:
    """The module, with ``broker`` where ``module_utils = src`` puts it on a host."""
    for name in ("broker", "broker.accounts", "broker.errors"):
        sys.modules[f"ansible.module_utils.{name}"] = importlib.import_module(name)
    spec = importlib.util.spec_from_file_location("analyst", PROJECT / "library/analyst.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["analyst"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "host").root


@pytest.fixture
def call(
    analyst: ModuleType,
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Call:
    """Call the module on a host in a folder; what it prints is what Ansible would get."""
    monkeypatch.setattr(analyst, "Layout", lambda: Layout(root=root))
    monkeypatch.setattr(analyst, "DebianSystem", lambda: ScratchSystem(root))
    # what Ansible's own journal line would say is not this host's business
    monkeypatch.setattr(analyst.AnsibleModule, "log", lambda *_args, **_kwargs: None)

    def _call(*, check: bool = False, **arguments: Any) -> dict[str, Any]:
        internal = {"_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args({**arguments, **internal}), pytest.raises(SystemExit):
            analyst.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return result

    return _call
