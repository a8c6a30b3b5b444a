"""Modules of ``library/`` as Ansible runs them: same arguments in, same JSON out, no host."""

from __future__ import annotations

import importlib
import importlib.util
import json
import re
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from broker.accounts.debian.host import Host
from broker.accounts.records.paths import HostPaths
from broker.owed import owes, owing
from tests.unit.accounts.scratch import ScratchSystem, make_root

PROJECT = Path(__file__).parents[3]
Call = Callable[..., dict[str, Any]]


def load(name: str) -> ModuleType:
    """A module, with ``broker`` where ``module_utils = src`` puts it on a host."""
    path = PROJECT / f"library/{name}.py"
    for dotted in re.findall(r"ansible\.module_utils\.(broker[\w.]*)", path.read_text()):
        words = dotted.split(".")
        for known in (".".join(words[:n]) for n in range(1, len(words) + 1)):
            sys.modules[f"ansible.module_utils.{known}"] = importlib.import_module(known)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def analyst() -> ModuleType:
    return load("analyst")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_root(tmp_path / "host").root


@pytest.fixture
def call_module(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[ModuleType], Call]:
    """Call a module on a host in a folder; what it prints is what Ansible would get."""

    def _of(module: ModuleType) -> Call:
        if hasattr(module, "Host"):
            host = Host(HostPaths(root=root), ScratchSystem(root))
            monkeypatch.setattr(module, "Host", lambda: host)
        if hasattr(module, "owing"):
            place = root / "run/owed"
            monkeypatch.setattr(module, "owes", partial(owes, place=place))
            monkeypatch.setattr(module, "owing", partial(owing, place=place))
        # what Ansible's own journal line would say is not this host's business
        monkeypatch.setattr(module.AnsibleModule, "log", lambda *_args, **_kwargs: None)

        def _call(*, check: bool = False, **arguments: Any) -> dict[str, Any]:
            internal = {"_ansible_check_mode": check, "_ansible_diff": True}
            with patch_module_args({**arguments, **internal}), pytest.raises(SystemExit):
                module.main()
            result: dict[str, Any] = json.loads(capsys.readouterr().out)
            return result

        return _call

    return _of


@pytest.fixture
def call(analyst: ModuleType, call_module: Callable[[ModuleType], Call]) -> Call:
    return call_module(analyst)
