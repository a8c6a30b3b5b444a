from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.accounts.scratch import public_key, snapshot
from tests.unit.ansible.bundle import plugin

from .conftest import Call, load
from .documentation import check_returned, documented_options, plain, spec_of

KEY = public_key("anna", "anna@laptop")


def test_four_runs_check_real_check_real(root: Path, call: Call) -> None:
    arguments = {"name": "anna", "key": KEY, "private": True, "email": "anna@example.com"}
    virgin = snapshot(root)
    assert call(check=True, **arguments)["changed"]
    assert snapshot(root) == virgin
    assert call(**arguments)["changed"]
    done = snapshot(root)
    assert not call(check=True, **arguments)["changed"]
    assert not call(**arguments)["changed"]
    assert snapshot(root) == done


def test_check_and_real_say_the_same(call: Call) -> None:
    arguments = {"name": "anna", "key": KEY}
    checked, real = call(check=True, **arguments), call(**arguments)
    assert checked == real


def test_a_list_in_one_call(call: Call) -> None:
    people = [{"name": f"a{n}", "keys": [public_key(n), public_key(-n)]} for n in range(1, 6)]
    result = call(analysts=people, origin="declared")
    assert [entry["name"] for entry in result["analysts"]] == [f"a{n}" for n in range(1, 6)]
    assert {entry["origin"] for entry in result["analysts"]} == {"declared"}
    assert call(analysts=people, origin="declared")["actions"] == []
    gone = call(analysts=[{**people[0], "state": "absent"}, people[1]], home="delete")
    assert gone["analysts"][0]["state"] == "absent"
    assert gone["diff"]["after"]["a1"]["home"] == "deleted"


def test_operators_beside_analysts_in_one_call(
    call: Call, call_module: Callable[[ModuleType], Call]
) -> None:
    people = [{"name": "anna", "key": KEY}]
    operators = [
        {"name": "olga", "key": public_key("olga"), "sudo": True},
        {"name": "otto", "keys": [{"key": public_key("otto"), "name": "desk"}]},
    ]
    result = call(analysts=people, operators=operators, origin="declared")
    assert [entry["name"] for entry in result["analysts"]] == ["anna", "olga", "otto"]
    assert [entry.get("sudo") for entry in result["analysts"]] == [None, True, False]
    assert call(analysts=people, operators=operators, origin="declared")["actions"] == []
    gone = call(operators=[{"name": "olga", "state": "absent"}], origin="declared")
    assert gone["diff"]["after"]["olga"]["home"] == "archived"
    info = call_module(load("analyst_info"))
    listed = info()
    assert [one["name"] for one in listed["analysts"]] == ["anna"]
    assert [(one["name"], one["host"]) for one in listed["operators"]] == [("otto", "ok")]
    one = info(names=["otto"])
    assert (one["analysts"], len(one["operators"])) == ([], 1)


def test_an_empty_list_changes_nothing(root: Path, call: Call) -> None:
    before = snapshot(root)
    assert call(check=True, analysts=[])["changed"] is False
    assert snapshot(root) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "root", "key": KEY}, "analyst 'root': this name is reserved"),
        ({"name": "anna"}, "a new analyst needs a key"),
        ({"name": "anna", "key": f"no-pty {KEY}"}, "options stand before the key"),
        ({"name": "anna", "key": KEY, "keys": [KEY]}, "mutually exclusive"),
        ({"name": "anna", "analysts": []}, "mutually exclusive"),
        ({}, "one of the following is required: name, analysts, operators"),
        ({"name": "anna", "operators": []}, "mutually exclusive"),
        ({"operators": [{"name": "olga"}]}, "operator 'olga': a new operator needs a key"),
        ({"operators": [{"name": "olga", "shell": True}]}, "Unsupported parameters"),
        (
            {
                "analysts": [{"name": "olga", "key": KEY}],
                "operators": [{"name": "olga", "key": KEY}],
            },
            "person 'olga': the lists name this person as an analyst and as an operator",
        ),
        ({"operators": [{"name": "admin", "key": KEY}]}, "operator 'admin': this name is reserved"),
        (
            {"operators": [{"name": "olga", "key": KEY}] * 2},
            "operator 'olga': the list names this person 2 times",
        ),
        (
            {
                "analysts": [{"name": "anna", "key": KEY}],
                "operators": [{"name": "olga", "key": KEY}],
            },
            "the same key is given for 'anna' and 'olga'",
        ),
        ({"analysts": [{"key": KEY}]}, "missing required arguments: name"),
        ({"analysts": [{"name": "anna", "key": KEY}] * 2}, "names this person 2 times"),
        (
            {"analysts": [{"name": "anna", "key": KEY}, {"name": "bob", "key": KEY}]},
            "the same key is given for 'anna' and 'bob'",
        ),
    ],
)
def test_a_refusal_is_one_sentence_and_changes_nothing(
    root: Path, call: Call, arguments: dict[str, Any], message: str
) -> None:
    before = snapshot(root)
    result = call(check=True, **arguments)
    assert result["failed"]
    assert message in result["msg"]
    assert result["msg"].isprintable()
    assert snapshot(root) == before


def test_a_private_key_is_told_nowhere(call: Call) -> None:
    lines = ["-----BEGIN OPENSSH PRIVATE KEY-----", "b3BlbnNzaC1rZXktdjEA", "-----END-----"]
    result = call(name="anna", key="\n".join(lines))
    assert "this is a private key" in result["msg"]
    assert lines[1] not in json.dumps(result)


@pytest.mark.parametrize("expires", ["31.12.2026", 20261399, "next week"])
def test_a_wrong_end_of_a_key_is_told_and_the_key_is_not(call: Call, expires: Any) -> None:
    people = [{"name": "anna", "keys": [{"key": KEY, "name": "anna", "expires": expires}]}]
    result = call(check=True, analysts=people, origin="declared")
    assert result["msg"].startswith("analyst 'anna', key 1: this is not a time; expected a day")
    assert f"found '{expires}'" in result["msg"]
    assert KEY.split()[1] not in json.dumps(result)
    people[0]["keys"][0]["expires"] = "2036-12-31"
    result = call(analysts=people, origin="declared")
    assert (result["analysts"][0]["name"], result["actions"][-1]) == (
        "anna",
        "write the keys of anna",
    )


def test_a_private_key_in_the_place_of_an_end_is_told_nowhere(call: Call) -> None:
    line = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2"
    result = call(name="anna", keys=[{"key": KEY, "name": line, "expires": line}])
    assert result["failed"]
    assert line not in json.dumps(result)


def test_a_diff_tells_fingerprints_and_no_key(call: Call) -> None:
    result = call(name="anna", key=KEY)
    shown = json.dumps({**result, "invocation": None})
    assert KEY.split()[1] not in shown
    assert result["analysts"][0]["keys"][0]["fingerprint"] in json.dumps(result["diff"])


def test_the_documentation_is_the_argument_spec_and_the_result(
    analyst: ModuleType, call: Call
) -> None:
    entry = documented_options(analyst)
    assert spec_of(entry["doc"]["options"]) == plain(analyst.ARGUMENT_SPEC)
    support = {name: value["support"] for name, value in entry["doc"]["attributes"].items()}
    assert support == {"check_mode": "full", "diff_mode": "full", "idempotent": "full"}

    key = {"key": KEY, "name": "laptop", "expires": "2030-01-01"}
    result = call(name="anna", keys=[key], email="anna@example.com")
    own = {name: result[name] for name in result.keys() - {"changed", "diff", "invocation"}}
    check_returned(entry["return"], own)
    assert entry["examples"].count("analyst:") == 6


def test_the_controller_knows_what_an_entry_may_say(analyst: ModuleType) -> None:
    kinds = {"str": str, "bool": bool, "list": list}
    for name, known in plugin("lookup/setting_problems.py").PEOPLE.items():
        taken = analyst.ARGUMENT_SPEC[name.removeprefix("broker_")]["options"]
        assert known.keys() == taken.keys()
        assert all(kind in (None, kinds[taken[word]["type"]]) for word, kind in known.items())
