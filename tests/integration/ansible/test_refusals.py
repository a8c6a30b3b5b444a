"""What a play refuses before it asks a host, in the names that the operator wrote."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.unit.ansible.bundle import PLAYBOOKS, ROOT, ansible_playbook, load


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A copy of the example, as an operator begins; its address is one that no network routes."""
    return Path(shutil.copytree(ROOT / "inventories" / "example", tmp_path / "mine"))


def refused(inventory: Path, *arguments: str, playbook: str = "site.yml", **environ: str) -> str:
    code, words = ansible_playbook(playbook, "-i", str(inventory), *arguments, **environ)
    assert code != 0, words
    assert "unreachable=1" not in words, words
    assert "Gathering Facts" not in words
    assert "Nothing was changed." in words
    return words


def test_all_mistakes_are_told_at_once_also_those_that_were_typed(inventory: Path) -> None:
    settings = {
        "broker_syc_schedule": "hourly",
        "broker_secrets": {"TOKEN": "{{ vault_token }}"},
        "broker_sync_time_limit": "6hodin",
    }
    (inventory / "group_vars/all/main.yml").write_text(json.dumps(settings))
    (inventory / "group_vars/all.yml").write_text("broker_max_logins: 3\n")
    (inventory / "data_description.md").unlink()
    words = refused(inventory, "-e", "broker_max_logins=many", "--tags", "sync_units", "--check")
    for message in (
        "broker_syc_schedule is not a setting of a broker. Did you mean broker_sync_schedule?",
        "broker_secrets cannot be evaluated: ",
        "'vault_token' is undefined",
        "broker_sync_time_limit is '6hodin'; expected a time span of systemd such as 6h.",
        "broker_max_logins is 'many'; expected a whole number.",
        f"{inventory}/group_vars/all and {inventory}/group_vars/all.yml stand beside each other",
        f"broker_data_description is '{inventory}/data_description.md'; expected the path",
    ):
        assert message in words.replace("\n    ", " "), (message, words)


def test_metrics_beside_an_inventory_are_not_lists_of_hosts(inventory: Path) -> None:
    (inventory / "metrics").mkdir()
    text = "name: orders\ntitle: Orders\nsql: FROM orders\nall: {hosts: {orders: {}}}\n"
    (inventory / "metrics/orders.yml").write_text(text)
    code, words = ansible_playbook("site.yml", "-i", str(inventory), "--list-hosts")
    assert code == 0, words
    assert "parse" not in words
    assert "orders" not in words


@pytest.mark.parametrize("playbook", ["site.yml", "add_analyst.yml"])
def test_hosts_that_nobody_called_brokers(inventory: Path, playbook: str) -> None:
    (inventory / "hosts.yml").write_text("all: {hosts: {web1: {}, web2: {}}}\n")
    words = refused(inventory, playbook=playbook)
    assert "of web1, web2, none is in the group brokers" in words


WEBS = "webs: {hosts: {web1: {}}}\n"


def test_a_part_of_the_play_is_refused_for_what_the_whole_is(inventory: Path) -> None:
    (inventory / "hosts.yml").write_text(WEBS)
    assert "none is in the group brokers" in refused(inventory, "--tags", "sync")


@pytest.mark.parametrize("playbook", ["site.yml", "playbooks/list_analysts.yml"])
def test_a_limit_that_leaves_no_broker_does_not_end_well(inventory: Path, playbook: str) -> None:
    text = (inventory / "hosts.yml").read_text()
    (inventory / "hosts.yml").write_text(f"{text}\n{WEBS}")
    words = refused(inventory, "--limit", "webs", playbook=playbook)
    message = "--limit webs leaves no broker: it leaves web1, and the group brokers has broker."
    assert message in words


@pytest.mark.parametrize("options", [("--tags", "annalysts"), ("--start-at-task", "*folders*")])
def test_an_option_that_would_do_less_than_it_says(inventory: Path, options: list[str]) -> None:
    words = refused(inventory, *options)
    assert words.count("Nothing was changed.") == 1
    assert "Did you mean analysts?" in words or "leaves out the checks" in words


@pytest.mark.parametrize(
    "variable",
    [{"ANSIBLE_VARS_ENABLED": "host_group_vars"}, {"ANSIBLE_PRECEDENCE": "all_inventory"}],
)
def test_an_environment_in_which_settings_would_not_hold(
    inventory: Path, variable: dict[str, str]
) -> None:
    words = refused(inventory, "--limit", "brokers", **variable)
    assert "ANSIBLE_VARS_ENABLED or ANSIBLE_PRECEDENCE takes the place of what" in words


def test_a_setting_that_is_written_twice(inventory: Path) -> None:
    settings = inventory / "group_vars/all/main.yml"
    settings.write_text("broker_analysts: [{name: anna}]\nbroker_analysts: []\n")
    code, words = ansible_playbook("site.yml", "-i", str(inventory))
    assert code != 0
    assert "Found duplicate mapping key 'broker_analysts'." in words
    assert "PLAY RECAP" not in words


def test_other_hosts_of_the_inventory_are_left_alone(inventory: Path) -> None:
    text = (inventory / "hosts.yml").read_text()
    (inventory / "hosts.yml").write_text(f"{text}\nwebs: {{hosts: {{web1: {{}}}}}}\n")
    code, words = ansible_playbook(*PLAYBOOKS, "-i", str(inventory), "--list-hosts")
    assert code == 0, words
    assert "web1" not in words
    assert {*re.findall(r"pattern: \['(\w+)'\]", words)} == {"localhost", "brokers"}


def test_an_argument_that_would_be_ignored(inventory: Path) -> None:
    words = refused(inventory, "-e", "clases=finance", playbook="add_analyst.yml")
    assert "clases is not an argument of this playbook; did you mean classes?" in words


def test_every_playbook_of_arguments_says_which_it_takes_and_asks_whether_the_host_is_one() -> None:
    for path in PLAYBOOKS:
        if "/" not in path or path.endswith(("/site.yml", "/require_host.yml")):
            continue
        play = load(ROOT / path)[1]
        (first,) = play["pre_tasks"]
        assert first["ansible.builtin.import_tasks"] == "tasks/preflight.yml"
        assert "user" in first["vars"]["_arguments"]
        assert f"{Path(path).name} -e user=anna" in play["vars"]["_usage"].replace("(", "")


def test_another_working_folder_or_configuration_is_one_sentence(
    inventory: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.cfg"
    other.write_text("[defaults]\n")
    config = ROOT / "ansible.cfg"
    for playbook in (ROOT / "site.yml", ROOT / "playbooks" / "revoke.yml"):
        words = refused(inventory, playbook=str(playbook), ANSIBLE_CONFIG=str(other))
        assert f"Ansible uses {other} and not {config}." in words
        assert f"Type this in {ROOT}, or set ANSIBLE_CONFIG={config}." in words
        assert f"chmod o-w {ROOT}" in words
