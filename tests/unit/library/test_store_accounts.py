"""The module that gives the store of another host to the accounts of this one."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from broker import mark

from .conftest import Call, load
from .documentation import check_returned, documented_options, plain, spec_of

Calls = Callable[[ModuleType], Call]
NUMBERS = {"dataread": 990, "data-ops": 989, "data-private": 988, "broker": 986}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PROOF", "_FSTAB"):
        monkeypatch.setattr(mark, name, tmp_path / name)
    store = tmp_path / "src_data"
    (store / "generations").mkdir(parents=True)
    (store / ".store_id").write_text("a1234567\n")
    return store


@pytest.fixture
def call(store: Path, call_module: Calls, monkeypatch: pytest.MonkeyPatch) -> Call:
    module = load("store_accounts")
    monkeypatch.setattr(module, "STORE_RECORD", store.parent / "store.json")
    monkeypatch.setattr(module, "STORE_OWNERS", store.parent / "store-owners.json")
    monkeypatch.setattr(module, "_gid", NUMBERS.get)
    account = SimpleNamespace(pw_uid=987, pw_gid=986)
    monkeypatch.setattr(module.pwd, "getpwnam", lambda _name: account)
    called, places = call_module(module), {"path": str(store), "inputs": str(store.parent / "in")}
    return lambda **arguments: called(**places, **arguments)


def test_the_documentation_is_the_argument_spec_and_the_result(call: Call) -> None:
    module = load("store_accounts")
    entry = documented_options(module)
    assert spec_of(entry["doc"]["options"]) == plain(module.ARGUMENT_SPEC)
    check_returned(entry["return"], {"adopted": call(check=True)["adopted"]})
    assert "store_accounts:" in entry["examples"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_four_runs_check_real_check_real(call: Call, store: Path) -> None:
    for path in (store, store / "generations"):
        os.chown(path, 993, 996)
    runs = [call(check=check)["changed"] for check in (True, False, True, False)]
    assert runs == [True, True, False, False]
    found = (store / "generations").stat()
    assert (found.st_uid, found.st_gid) == (987, 990)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_host_without_the_accounts_has_nothing_to_give_to(
    call: Call, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(store / "generations", 993, 996)
    assert call()["changed"]
    os.chown(store / "generations", 993, 996)
    for missing in ("dataread", "data-ops"):
        with monkeypatch.context() as context:
            context.delitem(NUMBERS, missing)
            assert not call()["changed"]
