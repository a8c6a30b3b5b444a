"""The other modules for accounts: the same promises as ``analyst``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.accounts.scratch import public_key, snapshot

from .conftest import Call, load
from .documentation import check_returned, documented_options, plain, spec_of

KEY, NEW = public_key("anna", "anna@laptop"), public_key("new", "anna@new")
CLASSES = {"finance": None, "hr": {"group": "people", "folders": ["hr"]}}
Calls = Callable[[ModuleType], Call]

ARGUMENTS: dict[str, dict[str, Any]] = {
    "analyst_key": {"analyst": "anna", "key": NEW, "name": "new", "state": "rotated"},
    "analyst_info": {"names": ["anna"]},
    "certificate_authority": {"hours": 8},
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_the_documentation_is_the_argument_spec_and_the_result(
    name: str, call: Call, call_module: Calls
) -> None:
    call(name="anna", key=KEY)
    module = load(name)
    entry = documented_options(module)
    assert spec_of(entry["doc"]["options"]) == plain(module.ARGUMENT_SPEC)
    assert entry["doc"]["attributes"]["check_mode"]["support"] == "full"
    result = call_module(module)(**ARGUMENTS[name])
    check_returned(
        entry["return"],
        {key: result[key] for key in result.keys() - {"changed", "diff", "invocation"}},
    )
    assert f"{name}:" in entry["examples"]


@pytest.mark.parametrize("name", ARGUMENTS)
def test_four_runs_check_real_check_real(
    name: str, root: Path, call: Call, call_module: Calls
) -> None:
    call(name="anna", key=KEY)
    module, before = call_module(load(name)), snapshot(root)
    changes = name != "analyst_info"
    assert module(check=True, **ARGUMENTS[name])["changed"] == changes
    assert snapshot(root) == before
    assert module(**ARGUMENTS[name])["changed"] == changes
    done = snapshot(root)
    assert not module(check=True, **ARGUMENTS[name])["changed"]
    assert not module(**ARGUMENTS[name])["changed"]
    assert snapshot(root) == done


def test_a_class_is_declared_held_and_kept(root: Path, call: Call) -> None:
    assert "no such access class" in call(name="anna", key=KEY, classes=["hr"])["msg"]
    before = snapshot(root)
    assert call(check=True, analysts=[], access_classes=CLASSES)["changed"]
    assert snapshot(root) == before
    assert call(analysts=[], access_classes=CLASSES)["changed"]
    assert not call(analysts=[], access_classes=CLASSES)["changed"]
    assert call(name="anna", key=KEY, classes=["hr"])["analysts"][0]["classes"] == ["hr"]
    assert "still has the class hr" in call(analysts=[], access_classes={})["msg"]
    together = call(name="bob", key=NEW, classes=["it"], access_classes={"it": None, "hr": None})
    assert together["analysts"][0]["classes"] == ["it"]


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ({"tree": None}, "this is not a name for an access class"),
        ({"Finance": None}, "this is not a name for an access class"),
        ({"hr": "sudo"}, "this cannot be the group of the class hr"),
        ({"hr": "data-ops"}, "this cannot be the group of the class hr"),
        ({"hr": "docker"}, "this cannot be the group of the class hr"),
        ({"hr": "broker-portal"}, "this cannot be the group of the class hr"),
        ({"hr": "systemd-journal"}, "this cannot be the group of the class hr"),
        ({"hr": "data-private"}, "have the same group"),
        ({"hr": "a b"}, "this cannot be the group of the class hr"),
        ({"hr": "dataread"}, "have the same group"),
        ({"public": "people"}, "the class public cannot have another group; expected dataread"),
    ],
)
def test_a_class_that_would_open_more_is_refused(
    classes: dict[str, Any], message: str, call: Call
) -> None:
    result = call(analysts=[], access_classes=classes)
    assert message in result["msg"]
    assert result["msg"].isprintable()


def test_a_revoked_key_is_told_and_stays_out(root: Path, call: Call, call_module: Calls) -> None:
    change, info = call_module(load("analyst_key")), call_module(load("analyst_info"))
    call(name="anna", keys=[{"key": KEY, "name": "laptop"}, NEW])
    assert change(analyst="anna", old=["laptop"], state="absent")["changed"]
    (row,) = info(names=["anna"])["analysts"]
    assert [key["revoked"] for key in row["keys"]] == [True, False]
    assert KEY not in (root / "etc/data-broker/authorized_keys/anna").read_text()
    assert "this key was revoked" in change(analyst="anna", key=KEY)["msg"]
    assert "no such analyst" in change(analyst="bob", key=KEY)["msg"]
    assert "there is no such key" in change(analyst="anna", old=["x"], state="absent")["msg"]


def test_an_authority_is_made_shown_without_its_key_and_removed(
    root: Path, call: Call, call_module: Calls
) -> None:
    call(name="anna", key=KEY)
    before, authority = snapshot(root), call_module(load("certificate_authority"))
    made = authority(hours=8)
    private = (root / "etc/data-broker/certificate_authority").read_text()
    assert "PRIVATE KEY" in private
    assert not [line for line in private.splitlines() if line in json.dumps(made)]
    assert authority(hours=9)["actions"] == ["write the list of certificates"]
    assert "cannot live that long" in authority(hours=0)["msg"]
    assert authority(state="absent", check=True)["changed"]
    assert authority(state="absent")["actions"] == ["remove the certificate authority"]
    assert not authority(state="absent")["changed"]
    assert snapshot(root).keys() == before.keys()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("analyst_key", {"analyst": "anna", "old": ["anna@new"], "state": "absent"}),
        ("analyst", {"name": "anna", "state": "absent"}),
    ],
)
def test_what_the_log_lacks_is_a_warning(
    name: str,
    arguments: dict[str, Any],
    root: Path,
    call: Call,
    call_module: Calls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module, shown = load(name), list[str]()
    monkeypatch.setattr(module.AnsibleModule, "warn", lambda _self, text: shown.append(text))
    call(name="anna", keys=[KEY, NEW])
    log = root / "var/log/data-broker/audit.jsonl"
    log.unlink()
    log.mkdir()
    assert call_module(module)(**arguments)["changed"]
    assert [f"{log} cannot be written" in text for text in shown] == [True]


@pytest.mark.parametrize(
    "arguments", [{"grant": ["private"]}, {"revoke": ["private"]}, {"state": "absent"}]
)
def test_a_misspelt_name_makes_nobody_and_is_no_success(
    arguments: dict[str, Any], root: Path, call: Call
) -> None:
    call(name="anna", key=KEY)
    before = snapshot(root)
    message = call(name="ana", known=True, **arguments)["msg"]
    assert "there is no such analyst" in message
    assert "Did you mean anna?" in message
    assert "Look at the names" in call(name="zdenka", known=True, **arguments)["msg"]
    assert snapshot(root) == before
    assert call(name="anna", known=True, **arguments)["analysts"]


def test_who_asks_about_a_misspelt_name_hears_so(call: Call, call_module: Calls) -> None:
    call(name="anna", key=KEY)
    info = call_module(load("analyst_info"))
    assert "Did you mean anna?" in info(names=["anna", "ana"])["msg"]
    assert [row["name"] for row in info(names=["anna"])["analysts"]] == ["anna"]
