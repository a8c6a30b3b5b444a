"""The module that lets a host know its store, as Ansible runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from broker import mark
from tests.unit.accounts.scratch import snapshot

from .conftest import Call, load
from .documentation import check_returned, documented_options, plain, spec_of

Calls = Callable[[ModuleType], Call]


@pytest.fixture
def disk(tmp_path: Path, call_module: Calls, monkeypatch: pytest.MonkeyPatch) -> Call:
    module = load("data_disk")
    monkeypatch.setattr(module, "STORE_RECORD", tmp_path / "state/store.json")
    for name in ("PROOF", "_FSTAB"):
        monkeypatch.setattr(mark, name, tmp_path / name)
    (tmp_path / "store").mkdir()
    return call_module(module)


def test_the_documentation_is_the_argument_spec_and_the_result(disk: Call, tmp_path: Path) -> None:
    module = load("data_disk")
    entry = documented_options(module)
    assert spec_of(entry["doc"]["options"]) == plain(module.ARGUMENT_SPEC)
    result = disk(path=str(tmp_path / "store"))
    check_returned(entry["return"], {"step": result["step"]})
    assert "data_disk:" in entry["examples"]


def test_four_runs_check_real_check_real_and_a_disk_that_is_gone(
    disk: Call, tmp_path: Path
) -> None:
    store, before = str(tmp_path / "store"), snapshot(tmp_path)
    assert disk(check=True, path=store)["changed"]
    assert snapshot(tmp_path) == before
    assert disk(path=store)["changed"]
    assert not disk(check=True, path=store)["changed"]
    assert not disk(path=store)["changed"]

    (tmp_path / "store/.store_id").unlink()
    lost = snapshot(tmp_path)
    for check in (True, False):
        refused = disk(check=check, path=store)
        assert refused["failed"]
        assert "the store that this host published is not here" in refused["msg"]
    assert snapshot(tmp_path) == lost
    word = json.loads((tmp_path / "state/store.json").read_text())["id"]
    assert disk(path=store, accept=word)["step"] == "make"


def test_a_virgin_host_is_checked_and_one_without_the_folder_is_told(
    disk: Call, tmp_path: Path
) -> None:
    assert disk(check=True, path=str(tmp_path / "to/come"))["changed"]
    assert disk(path=str(tmp_path / "to/come"))["failed"]
