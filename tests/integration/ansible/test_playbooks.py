"""What an operator types, and what is answered when something is missing. No host is needed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.unit.ansible.bundle import PLAYBOOKS, ROOT, ansible_playbook, load
from tests.unit.library.conftest import load as load_module

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVwL5uQDsoMjkRi9CVmZBb3CKRVsbxG8Xp5A6Fb3kUe"
ADDRESS = "inventories/example"  # of a block that no network routes: nothing below may connect


def test_every_playbook_parses() -> None:
    code, words = ansible_playbook(*PLAYBOOKS, "-i", ADDRESS, "--syntax-check")
    assert code == 0, words
    assert "WARNING" not in words
    assert re.findall(r"^playbook: (.*)$", words, re.MULTILINE) == PLAYBOOKS


@pytest.mark.parametrize("playbook", ["site", "add_analyst"])
def test_the_commands_that_operators_type_import_their_namesake(playbook: str) -> None:
    plays = load(ROOT / f"{playbook}.yml")
    assert [play["ansible.builtin.import_playbook"] for play in plays] == [
        f"playbooks/{playbook}.yml"
    ]


@pytest.mark.parametrize("playbook", ["site.yml", "add_analyst.yml"])
def test_without_a_host_the_answer_is_what_to_type(playbook: str, tmp_path: Path) -> None:
    code, words = ansible_playbook(playbook, BROKER_DEMO_DIR=str(tmp_path))
    assert code != 0
    assert "There is no host to work on. Type `make demo`" in words
    assert "ansible-playbook -i inventories/example site.yml" in words
    assert "WARNING" not in words


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ((), "user and key are missing. Type: "),
        (("-e", "user=anna"), "key is missing. Type: "),
        (("-e", "user=", "-e", "key=anna.pub"), "user is missing. Type: "),
        (("-e", "user=anna", "-e", f"key='{KEY}'"), f"There is no key file {KEY}: key is the path"),
        (
            ("-e", "user=anna", "-e", "key=/no/anna.pub"),
            "There is no key file /no/anna.pub: key is",
        ),
    ],
)
def test_a_missing_argument_is_answered_with_the_command_to_type(
    arguments: tuple[str, ...], answer: str
) -> None:
    code, words = ansible_playbook("add_analyst.yml", "-i", ADDRESS, *arguments)
    assert code != 0
    assert answer in words
    assert "ansible-playbook add_analyst.yml -e user=anna -e key=~/anna.pub" in words
    assert "-e private=true" in words


def test_the_deploy_gives_each_role_all_of_its_settings_and_nothing_else() -> None:
    deploy = load(ROOT / "playbooks" / "site.yml")[-1]
    (turn,) = deploy["tasks"]
    tasks = [task for task in turn["block"] if "ansible.builtin.import_role" in task]
    imported = [task["ansible.builtin.import_role"] for task in tasks]
    # What may fail first, the switch last, and after it the units of what is switched to.
    order = ["base", "storage", "app", "ssh", "app", "storage", "sync", "analysts"]
    last = ["accounts_socket", "publishing_socket", "nginx", "portal", "oversight"]
    assert [role["name"] for role in imported] == [*order, *last]
    assert [role.get("tasks_from") for role in imported if role["name"] == "app"] == [
        "prepare",
        "switch",
    ]
    assert [role.get("tasks_from") for role in imported if role["name"] == "storage"] == [
        None,
        "mark",
    ]
    assert [task["tags"] for task in tasks] == [role["name"] for role in imported]
    known = {
        name
        for role in imported
        for name in load(ROOT / "roles" / role["name"] / "defaults" / "main.yml")
    }
    assert set(deploy["vars"]) <= known


def test_the_deploy_refuses_with_every_role_that_can() -> None:
    deploy = load(ROOT / "playbooks" / "site.yml")[-1]
    (whole,) = deploy["tasks"]
    facts, turn, first, *_ = whole["block"]
    assert (facts["debian_release"], facts["tags"]) == (None, "always")
    assert (turn["deploy_turn"], turn["tags"]) == (None, "always")
    can = {path.parents[1].name for path in (ROOT / "roles").glob("*/tasks/preflight.yml")}
    assert {*first["loop"]} == can
    assert first["tags"] == first["ansible.builtin.include_role"]["apply"]["tags"] == "always"


def test_every_module_that_changes_a_host_does_so_in_the_turn_of_the_deploy() -> None:
    deploy = load(ROOT / "playbooks" / "site.yml")[-1]
    (whole,) = deploy["tasks"]
    (back,) = whole["always"]
    assert (back["deploy_turn"]["state"], back["tags"]) == ("returned", "always")
    modules = (load_module(path.stem) for path in sorted((ROOT / "library").glob("*.py")))
    in_turn = {module.__name__ for module in modules if "turn" in module.ARGUMENT_SPEC}
    assert deploy["module_defaults"].keys() == in_turn
    assert {one["turn"] for one in deploy["module_defaults"].values()} == {
        "{{ __turn.id | default('') }}"
    }
