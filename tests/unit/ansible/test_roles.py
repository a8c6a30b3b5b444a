"""Every role has the same anatomy, and its two declarations of a variable agree."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .bundle import ROLES, ROOT, defaults, entry_points, leaf_tasks, load, task_files, variables

INCLUDES = {"ansible.builtin.import_tasks", "ansible.builtin.include_tasks"}
NO_EFFECT = {
    "ansible.builtin.assert",
    "ansible.builtin.command",
    "ansible.builtin.debug",
    "ansible.builtin.set_fact",
    "ansible.builtin.stat",
    "analyst",
    "data_disk",
    "host_probe",
    "ssh_accounts",
}


def is_set_elsewhere(default: Any) -> bool:
    """A default that is computed is not the value that a table can show."""
    return isinstance(default, str) and "{{" in default


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specs_agree_in_keys_and_values(role: str) -> None:
    declared = {
        name: option["default"] for name, option in entry_points(role)["main"]["options"].items()
    }
    values = {name: value for name, value in defaults(role).items() if not is_set_elsewhere(value)}
    assert declared == values


@pytest.mark.parametrize("role", ROLES)
def test_every_option_has_a_type_and_says_what_it_is(role: str) -> None:
    for entry in entry_points(role).values():
        assert entry["short_description"]
        assert entry["options"] == entry_points(role)["main"]["options"]
        for option in entry["options"].values():
            assert option["type"]
            assert option["description"].endswith(".")


@pytest.mark.parametrize("role", ROLES)
def test_every_default_has_its_comment(role: str) -> None:
    for variable in variables(ROOT / "roles" / role / "defaults" / "main.yml"):
        assert variable.comment, variable.name


@pytest.mark.parametrize("role", ROLES)
def test_names_show_how_far_a_variable_reaches(role: str) -> None:
    assert all(name.startswith(f"{role}_") for name in defaults(role))
    internal = load(ROOT / "roles" / role / "vars" / "main.yml") or {}
    assert all(name.startswith(f"_{role}_") for name in internal)
    for path in task_files(role):
        for task in leaf_tasks(load(path)):
            kept = [task["register"]] if "register" in task else []
            kept += [*task.get("vars", {}), *task.get("ansible.builtin.set_fact", {})]
            assert all(name.startswith(f"__{role}_") for name in kept), (path, kept)


@pytest.mark.parametrize("role", ROLES)
def test_no_role_knows_the_variables_of_another(role: str) -> None:
    others = "|".join(other for other in ROLES if other != role)
    names = [name for other in ROLES if other != role for name in defaults(other)]
    folder = ROOT / "roles" / role
    for path in [*folder.glob("**/*.yml"), *folder.glob("**/*.j2")]:
        text = path.read_text()
        assert not set(names) & set(re.findall(r"\w+", text)), path
        assert not re.search(rf"\b__?(?:{others})_\w+", text), path
        assert not re.search(r"\{\{[^}]*\bbroker_", text), f"{path} reads an operator's setting"


@pytest.mark.parametrize("role", ROLES)
def test_main_is_a_table_of_contents(role: str) -> None:
    for entry in load(ROOT / "roles" / role / "tasks" / "main.yml"):
        included = INCLUDES & set(entry)
        assert included, f"{role}: '{entry['name']}' does something itself"
        assert entry["tags"], f"{role}: '{entry['name']}' cannot be asked for by a tag"


@pytest.mark.parametrize("role", ROLES)
def test_what_is_included_runs_for_the_tag_of_the_role_too(role: str) -> None:
    """`--tags app` runs an include, and of what that brings only what has the tag itself."""
    for path in task_files(role):
        for task in leaf_tasks(load(path)):
            if "ansible.builtin.include_tasks" in task:
                applied = task["ansible.builtin.include_tasks"]["apply"]["tags"]
                assert role in applied, f"{path}: {task['name']}"


@pytest.mark.parametrize("role", ROLES)
def test_preflight_comes_first_and_changes_nothing(role: str) -> None:
    path = ROOT / "roles" / role / "tasks" / "preflight.yml"
    assert path.exists() == ("preflight" in entry_points(role))
    if not path.exists():
        return
    first = load(path.with_name("main.yml"))[0]
    # A condition of an import would be asked anew for each of its tasks, which make it false.
    assert first["ansible.builtin.include_tasks"]["file"] == "preflight.yml"
    kept = [{*task.get("ansible.builtin.set_fact", [task.get("register")])} for task in load(path)]
    assert first["when"].removesuffix(" is not defined") in set().union(*kept)
    for task in leaf_tasks(load(path)):
        assert NO_EFFECT & set(task), task["name"]
        if {"ansible.builtin.command", "analyst", "data_disk"} & set(task):
            assert task["changed_when"] is False
        if {"analyst", "data_disk"} & set(task):
            assert task["check_mode"] is True


@pytest.mark.parametrize("role", ROLES)
def test_task_files_are_small_and_tasks_name_the_state_they_leave(role: str) -> None:
    verbs = (
        "Ensure ",
        "Determine ",
        "Assert ",
        "Refuse ",
        "Fail ",
        "Build ",
        "Reload ",
        "Restart ",
    )
    for path in task_files(role):
        assert len(path.read_text().splitlines()) <= 120, path
        for task in leaf_tasks(load(path)):
            if not INCLUDES & set(task):
                allowed = (*verbs, "Wait ", "Forget ") if path.parent.name == "handlers" else verbs
                assert task["name"].startswith(allowed), (path, task["name"])


@pytest.mark.parametrize("role", ROLES)
def test_what_can_be_switched_off_is_removed_when_it_is(role: str) -> None:
    if f"{role}_enabled" not in defaults(role):
        return
    files = {
        task["ansible.builtin.include_tasks"]["file"]: task["when"]
        for task in load(ROOT / "roles" / role / "tasks" / "main.yml")
        if "ansible.builtin.include_tasks" in task
    }
    files.pop("preflight.yml", None)
    assert files == {
        "install.yml": f"{role}_enabled | bool",
        "remove.yml": f"not {role}_enabled | bool",
    }
