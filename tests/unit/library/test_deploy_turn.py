"""The module by which deploys take turns, and the modules that change a host in a turn alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from broker.turn import give_back, mine, take

from .conftest import Call, load
from .documentation import check_returned, documented_options, plain, spec_of

Calls = Callable[[ModuleType], Call]
# Each would change something, on a host that has none of it.
CHANGES: dict[str, dict[str, Any]] = {
    "analyst": {"analysts": [], "access_classes": {"finance": None}},
    "certificate_authority": {"hours": 8},
    "data_disk": {"path": "store"},
    "host_files": {"files": [{"path": "file", "content": "new\n"}]},
    "systemd_units": {"units": {"x.service": "[Service]\nExecStart=/bin/true\n"}},
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "turn.json"


@pytest.fixture
def deploy_turn(place: Path, call_module: Calls, monkeypatch: pytest.MonkeyPatch) -> Call:
    module = load("deploy_turn")
    monkeypatch.setattr(module, "take", partial(take, place=place))
    monkeypatch.setattr(module, "give_back", partial(give_back, place=place))
    return call_module(module)


def test_the_documentation_is_the_argument_spec_and_the_result(deploy_turn: Call) -> None:
    module = load("deploy_turn")
    entry = documented_options(module)
    assert spec_of(entry["doc"]["options"]) == plain(module.ARGUMENT_SPEC)
    check_returned(entry["return"], {"id": deploy_turn()["id"]})
    assert "deploy_turn:" in entry["examples"]


def test_it_is_taken_and_returned_and_a_check_takes_nothing(
    deploy_turn: Call, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "192.0.2.7 50122 192.0.2.1 22")
    assert deploy_turn(check=True)["id"] == ""
    assert not place.exists()
    taken = deploy_turn()
    assert taken["changed"] is False
    assert json.loads(place.read_text())["by"].endswith(" from 192.0.2.7")
    deploy_turn(check=True, state="returned", id=taken["id"])
    assert place.exists()
    assert deploy_turn(state="returned", id=taken["id"])["changed"] is False
    assert not place.exists()


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_is_changed_in_the_turn_of_another(
    name: str,
    place: Path,
    tmp_path: Path,
    call_module: Calls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = load(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "mine", partial(mine, place=place))
    take("otto (ansible)", place=place)
    before = sorted(tmp_path.rglob("*"))
    refused = call_module(module)(turn="0badcafe", **CHANGES[name])
    assert "lost its turn to another one" in refused["msg"]
    assert "otto (ansible) began at" in refused["msg"]
    assert [path for path in sorted(tmp_path.rglob("*")) if path not in before] == []
