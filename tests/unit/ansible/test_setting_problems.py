"""Settings, files of variables and arguments that cannot be meant, each told in one sentence."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from broker.config import Instance

from .bundle import GROUP_VARS, ROOT, load, plugin, variables

settings = plugin("lookup/setting_problems.py")
arguments = plugin("lookup/argument_problems.py")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broker_syc_schedule", "Did you mean broker_sync_schedule?"),
        ("brokr_sync_schedule", "Did you mean broker_sync_schedule?"),
        ("broker-sync-schedule", "Did you mean broker_sync_schedule?"),
        ("BROKER_SYNC_SCHEDULE", "Did you mean broker_sync_schedule?"),
        ("broker_nonsense", "docs/settings.md has them all."),
        ("broker_user_memory_max", "is called broker_analyst_memory_max now"),
    ],
)
def test_a_name_that_is_no_setting(name: str, message: str) -> None:
    (problem,) = settings.unknown([name], settings.defaults())
    assert problem.startswith(name)
    assert message in problem


def test_names_of_ansible_and_of_the_operator_are_their_own() -> None:
    names = ["ansible_host", "groups", "hostvars", "inventory_dir", "vault_keboola_token", "_mine"]
    assert list(settings.unknown(names, settings.defaults())) == []


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("broker_sync_time_limit", "6hodin", "is '6hodin'; expected a time span"),
        ("broker_sync_jitter", "5 mins", "is '5 mins'; expected a time span"),
        ("broker_sync_memory_max", "2GB", "is '2GB'; expected an amount"),
        ("broker_analyst_memory_max", "125%", "is '125%'; expected an amount"),
        ("broker_max_logins", "many", "is 'many'; expected a whole number"),
        ("broker_max_logins", 0, "is '0'; expected a whole number from 1"),
        ("broker_max_logins", True, "is 'True'; expected a whole number"),
        ("broker_analyst_weight", 20000, "expected a whole number from 1 to 10000"),
        ("broker_ssh_logins_at_once", 51, "is '51'; expected a whole number from 1 to 50"),
        ("broker_ssh_enabled", "maybe", "is 'maybe'; expected true or false"),
        ("broker_laptop_wheels", "all", "is 'all'; expected a list"),
        ("broker_laptop_wheels", ["some"], "is 'some'; expected all, or python (3.11 to 3.14)"),
        (
            "broker_laptop_wheels",
            [{"python": 3.1, "platform": "win_amd64"}],
            "is a mapping; expected all, or python",
        ),
        (
            "broker_laptop_wheels",
            [{"python": "3.12", "platform": "linux_x86_64"}],
            "is a mapping; expected all, or python",
        ),
        ("broker_ssh_groups", "ops", "is 'ops'; expected a list"),
        ("broker_ssh_groups", ["ops team"], "is 'ops team'; expected names of groups"),
        ("broker_analysts", {"anna": {}}, "is a mapping; expected a list"),
        ("broker_secrets", "s3cret", "broker_secrets is text; expected a mapping"),
        ("broker_sync_schedule", None, "broker_sync_schedule is empty; expected text"),
        ("broker_sync_schedule", False, "is 'False'; expected text. Put it in quotes: YAML reads"),
        ("broker_on_failure", date(2026, 1, 1), "expected text. Put it in quotes: YAML reads yes"),
        ("broker_sync_schedule", 870, "is '870'; expected text in quotes such as '14:30'"),
        ("broker_portal_tls", "letsencrypt", "expected self_signed, files or acme"),
        ("broker_portal_logo", "/no/such.svg", "is '/no/such.svg'; expected the path of a picture"),
        ("broker_portal_logo", __file__, "expected the path of a picture of at most 64 kB, SVG"),
        ("broker_portal_account", "Portal Team", "expected the name of a system account"),
        ("broker_ssh_exempt_addresses", ["10.0.0.0/40"], "is '10.0.0.0/40'; expected addresses"),
        ("broker_data_description", "/no/such.md", "is '/no/such.md'; expected the path"),
    ],
)
def test_a_value_that_cannot_be_meant(name: str, value: Any, message: str) -> None:
    problem = settings.mistaken(name, value, settings.defaults()[name])
    assert problem.startswith(f"{name} ")
    assert message in problem
    assert "s3cret" not in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("broker_ssh_enabled", "false"),
        ("broker_max_logins", "4"),
        ("broker_sync_jitter", 300),
        ("broker_sync_jitter", "1h 30min"),
        ("broker_sync_time_limit", "infinity"),
        ("broker_sync_memory_max", "512M"),
        ("broker_sync_memory_max", "100%"),
        ("broker_analyst_ip_deny", []),
        ("broker_analyst_ip_deny", ["link-local", "10.0.0.0/8"]),
        ("broker_ssh_exempt_addresses", ["10.0.0.1/8", "fd00::1"]),
        ("broker_data_source", {}),
        ("broker_laptop_wheels", ["all"]),
        ("broker_laptop_wheels", [{"python": 3.11, "platform": "macosx_12_0_arm64"}]),
        ("broker_laptop_wheels", [{"python": "3.14", "platform": "manylinux_2_28_aarch64"}]),
    ],
)
def test_what_may_be_meant_is_no_mistake(name: str, value: Any) -> None:
    assert settings.mistaken(name, value, settings.defaults()[name]) is None


@pytest.mark.parametrize(
    ("setting", "entry", "message"),
    [
        ("operators", {"sudoers": True}, "[0].sudoers is not a setting there. Did you mean sudo?"),
        ("operators", {"group": "x"}, "[0].group is not a setting there. Expected one of name, "),
        ("operators", {"classes": ["hr"]}, "[0].classes is not a setting there. An operator reads"),
        ("operators", {"sudo": "maybe"}, "[0].sudo is 'maybe'; expected true or false."),
        ("operators", {"sudo": ["all"]}, "[0].sudo is a list; expected true or false."),
        ("operators", {"keys": "ssh-ed25519 AAAA"}, "[0].keys is text; expected a list."),
        ("operators", {"key": ["ssh-ed25519 AAAA"]}, "[0].key is a list; expected text."),
        ("operators", {"key": "a", "keys": ["a"]}, "[0] has key and keys; expected one of them."),
        ("operators", {"name": False}, "[0].name is 'False'; expected text. Put it in quotes: "),
        ("operators", {"name": None}, "[0] has no name; expected the name of an account."),
        ("operators", {"state": "gone"}, "[0].state is 'gone'; expected present or absent."),
        ("analysts", {"sudo": True}, "[0].sudo is not a setting there. An analyst never becomes"),
        ("analysts", {"privat": True}, "[0].privat is not a setting there. Did you mean private?"),
    ],
)
def test_an_entry_of_somebody_that_cannot_be_meant(
    setting: str, entry: dict[str, Any], message: str
) -> None:
    (problem,) = settings.people(f"broker_{setting}", [{"name": "olga", **entry}])
    assert problem.startswith(f"broker_{setting}{message}")
    assert "AAAA" not in problem


def test_somebody_without_an_entry_of_their_own() -> None:
    problems = list(settings.people("broker_operators", ["olga", {"name": "otto", "sudo": "yes"}]))
    assert problems == ["broker_operators[0] is text; expected a mapping with name and keys."]


@pytest.mark.parametrize(
    ("name", "value", "begin"),
    [
        ("access_classes", {"hr": {"folders": ["de", False]}}, ".hr.folders[1] is 'False'; exp"),
        ("access_classes", {"hr": {"folders": False}}, ".hr.folders is 'False'; expected text. P"),
        ("access_classes", {False: {"group": "data-no"}}, " has the name 'False'; expected text."),
        ("access_classes", {"hr": {"folders": ["02", 1]}}, ".hr.folders[1] is '1'; expected text"),
        ("access_classes", {"hr": {"tables": [1.1]}}, ".hr.tables[0] is '1.1'; expected text. P"),
        ("datasets", {"shop": {"requires": True}}, ".shop.requires is 'True'; expected text."),
        ("data_source", {"csv": {"true_words": ["ja", True]}}, ".csv.true_words[1] is 'True'; ex"),
        ("sources", {True: {"type": "csv"}}, " has the name 'True'; expected text. Put it in quo"),
        ("ssh_groups", ["ops", False], "[1] is 'False'; expected text. Put it in quotes: YAML re"),
    ],
)
def test_a_word_that_yaml_takes_for_something_else_than_text(
    name: str, value: Any, begin: str
) -> None:
    """The tables of a folder ``no`` in the list of a class were read by every analyst."""
    (problem,) = settings.words(f"broker_{name}", value)
    assert problem.startswith(f"broker_{name}{begin}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_classes", {"hr": {"folders": ["de", "no"], "group": "data-hr"}}),
        ("data_source", {"type": "csv", "csv": {"header": False}, "project": 1234}),
        ("sync_engine", {"threads": 4, "retention": {"count": 20}}),
        ("install_environment", {"PIP_NO_COMPILE": True}),
        ("auth", {"magic_link": {"enabled": True}, "providers": [{"trusted": False}]}),
    ],
)
def test_true_false_and_numbers_have_their_places(name: str, value: Any) -> None:
    assert list(settings.words(f"broker_{name}", value)) == []


def test_each_section_with_a_key_that_is_true_or_false_takes_both() -> None:
    """``magic_link.enabled`` and ``trusted`` of a provider were refused by every deploy."""
    sections = load(ROOT / "playbooks" / "site.yml")[-1]["vars"]["app_instance"]
    found = {name for name, field in Instance.model_fields.items() if has_flag(field.annotation)}
    assert {"auth", "profiles"} <= found
    for name in found:
        setting = re.fullmatch(r"\{\{ (broker_\w+) }}", sections[name])
        assert setting is not None
        assert list(settings.words(setting[1], {"key": True, "list": [{"key": True}]})) == []


def has_flag(annotation: Any) -> bool:
    """Whether a value of this type has one that is true or false somewhere in it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(has_flag(field.annotation) for field in annotation.model_fields.values())
    return annotation is bool or any(has_flag(part) for part in get_args(annotation))


def test_every_setting_is_known_and_its_default_is_none() -> None:
    defaults = settings.defaults()
    assert set(defaults) == {item.name for path in GROUP_VARS for item in variables(path)}
    assert not set(settings.RENAMED) & set(defaults)
    assert set(settings.RENAMED.values()) <= set(defaults)
    evaluated = {name: value for name, value in defaults.items() if "{{" not in str(value)}
    assert [settings.mistaken(name, value, value) for name, value in evaluated.items()] == [
        None
    ] * len(evaluated)
    for name, value in evaluated.items():
        assert list(settings.words(name, value)) == []


def test_one_form_of_a_name_hides_another(tmp_path: Path) -> None:
    for name in ("all/main.yml", "all/vault.yml", "all.yml", "brokers.yml", "webs.yml.bak"):
        (tmp_path / "group_vars" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "group_vars" / name).write_text("{}\n")
    (tmp_path / "host_vars").mkdir()
    for name in ("one.yml", "one.json", "two.yaml"):
        (tmp_path / "host_vars" / name).write_text("{}\n")
    group, host = settings.hidden(tmp_path)
    assert group.startswith(f"{tmp_path}/group_vars/all and {tmp_path}/group_vars/all.yml stand")
    assert "such as all/main.yml" in group
    assert host.startswith(f"{tmp_path}/host_vars/one.json and {tmp_path}/host_vars/one.yml")


def test_a_file_of_variables_that_is_nearly_named_as_the_host_or_a_group(tmp_path: Path) -> None:
    for name in (
        *("group_vars/all/main.yml", "group_vars/broker.yml", "group_vars/webs.yml"),
        *("host_vars/data-1.yml", "host_vars/data1/main.yml", "host_vars/elsewhere.yml"),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}\n")
    given = {
        "ansible_inventory_sources": [str(tmp_path)],
        "inventory_hostname": "data-01",
        "group_names": ["brokers"],
        "groups": {"all": ["data-01", "data1"], "brokers": ["data-01"], "web": ["data1"]},
    }
    group, host = settings.unread(tmp_path, given)
    assert group.startswith(f"{tmp_path}/group_vars/broker.yml is not read: the inventory has no g")
    assert "Did you mean brokers?" in group
    assert host.startswith(f"{tmp_path}/host_vars/data-1.yml is not read: the inventory has no hos")
    assert "Did you mean data-01?" in host
    shared = {**given, "ansible_inventory_sources": [f"{tmp_path}/hosts.yml"]}
    assert list(settings.unread(tmp_path, shared)) == []
    (tmp_path / "host_vars/data-01.yml").touch()
    assert list(settings.unread(tmp_path, given)) == [group]


@pytest.mark.parametrize(
    ("name", "is_named"),
    [
        ("group_vars/all/more.txt", True),
        ("group_vars/all/main.YML", True),
        ("group_vars/all/main.yml.txt", True),
        ("group_vars/all/more.d/main.yml", True),
        ("group_vars/brokers.yml.txt", True),
        ("group_vars/brokers.conf", True),
        ("host_vars/data.example.com.yaml_", True),
        ("host_vars/data.example.com/main.yam", True),
        ("host_vars/data.example.com", False),
        ("host_vars/data.example.com/main.yml", False),
        ("group_vars/all/main", False),
        ("group_vars/all/more/main.json", False),
        ("group_vars/all/main.yml.bak", False),
        ("group_vars/all/main.yml~", False),
        ("group_vars/all/.main.yml.swp", False),
        ("group_vars/webs.d/main.txt", False),
    ],
)
def test_settings_in_a_file_that_ansible_skips_for_its_ending(
    name: str, is_named: bool, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["all", "brokers", "data.example.com"]
    path.write_text("# of a colleague's\nother: 1\n")
    assert list(settings.passed_over(tmp_path, names)) == []
    for text in ("---\nbroker_sync_schedule: daily\n", "$ANSIBLE_VAULT;1.1;AES256\n6263\n"):
        path.write_text(text)
        found = list(settings.passed_over(tmp_path, names))
        assert [problem.startswith(f"{path} is not read:") for problem in found] == [True][
            :is_named
        ]


def test_a_python_without_our_libraries_is_told_what_to_type() -> None:
    assert list(settings.missing()) == []
    (problem,) = settings.missing(["json", "no_such_module"])
    assert "cannot import no_such_module. Run bin/bootstrap" in problem


def test_no_folder_hides_nothing(tmp_path: Path) -> None:
    assert list(settings.hidden(tmp_path)) == []


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("clases", "clases is not an argument of this playbook; did you mean classes?"),
        ("group", "group is not an argument of this playbook; it takes user, key, classes."),
    ],
)
def test_an_argument_that_would_be_ignored(typed: str, message: str) -> None:
    known = ["user", "key", "classes"]
    assert arguments.problems(["user", typed, "ansible_port", "broker_x"], known) == [message]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"user": "anna", "key": "a.pub"}, []),
        ({"user": "anna"}, ["key is missing."]),
        ({"user": "", "key": None}, ["user and key are missing."]),
    ],
)
def test_an_argument_that_is_missing(given: dict[str, Any], problem: list[str]) -> None:
    assert arguments.missing(given, ["user", "key"]) == problem
