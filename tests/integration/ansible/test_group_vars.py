"""The settings of the repository hold however a play is started, and the operator's own win."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.unit.ansible.bundle import GROUP_VARS, ROOT, ansible_playbook, variables

PROBE = [
    {
        "name": "Show a setting",
        "hosts": "all",
        "connection": "local",
        "gather_facts": False,
        "tasks": [
            {
                "name": "Show it",
                "ansible.builtin.debug": {
                    "msg": "jitter={{ broker_sync_jitter }} keep={{ broker_keep_releases }}."
                },
            }
        ],
    }
]
IMPORT = [{"name": "Show", "ansible.builtin.import_playbook": "playbooks/probe.yml"}]
DEFAULTS = {item.name: item.default for path in GROUP_VARS for item in variables(path)}
Show = Callable[..., str]


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """What decides about variables, and a play beside the real ones that shows two of them."""
    root = tmp_path / "bundle"
    root.mkdir()
    shutil.copy(ROOT / "ansible.cfg", root)
    for name in ("plugins/vars", "group_vars", "inventories"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "playbooks").mkdir()
    (root / "roles").mkdir()
    (root / "playbooks" / "probe.yml").write_text(yaml.safe_dump(PROBE))
    (root / "probe.yml").write_text(yaml.safe_dump(IMPORT))
    return root


@pytest.fixture
def show(bundle: Path) -> Show:
    """Start the probe, imported from the root and as itself; read what both saw."""

    def run(*arguments: str) -> str:
        code, words = ansible_playbook("probe.yml", "playbooks/probe.yml", *arguments, root=bundle)
        assert code == 0, words
        seen = re.findall(r"jitter=\S+ keep=\d+\.", words)
        assert len(seen) == 2, words
        assert seen[0] == seen[1]
        return seen[0]

    return run


def expected(jitter: str | None = None) -> str:
    """What the probe prints; only the jitter is ever overridden."""
    kept = DEFAULTS["broker_keep_releases"]
    return f"jitter={jitter or DEFAULTS['broker_sync_jitter']} keep={kept}."


@pytest.mark.parametrize("inventory", ["192.0.2.1,", "inventories/example"])
def test_they_hold_for_an_address_alone_and_for_our_own_inventory(
    show: Show, inventory: str
) -> None:
    assert show("-i", inventory) == expected()


def test_they_hold_for_an_inventory_elsewhere(show: Show, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.ini"
    inventory.write_text("[brokers]\none\n")
    assert show("-i", str(inventory)) == expected()


OWN = {
    "all beside it": ("one\n", "group_vars/all.yml"),
    "all beside it, as a folder": ("one\n", "group_vars/all/mine.yml"),
    "a group beside it": ("[brokers]\none\n", "group_vars/brokers.yml"),
    "the host beside it": ("one\n", "host_vars/one.yml"),
    "all inside of it": ("one\n[all:vars]\nbroker_sync_jitter=7min\n", None),
    "a group inside of it": ("[brokers]\none\n[brokers:vars]\nbroker_sync_jitter=7min\n", None),
    "the host inside of it": ("one broker_sync_jitter=7min\n", None),
}


@pytest.mark.parametrize("way", OWN)
def test_what_the_operator_writes_wins(show: Show, tmp_path: Path, way: str) -> None:
    lines, beside = OWN[way]
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "hosts.ini").write_text(lines)
    if beside:
        (folder / beside).parent.mkdir(parents=True)
        (folder / beside).write_text("broker_sync_jitter: 7min\n")
    assert show("-i", str(folder / "hosts.ini")) == expected("7min")


@pytest.mark.parametrize("way", [way for way in OWN if "inside" in way])
def test_it_wins_beside_our_own_settings_too(show: Show, bundle: Path, way: str) -> None:
    (bundle / "hosts.ini").write_text(OWN[way][0])
    assert show("-i", "hosts.ini") == expected("7min")


def test_a_second_inventory_does_not_bring_the_defaults_back(show: Show, tmp_path: Path) -> None:
    for name in ("a", "b"):
        folder = tmp_path / name
        (folder / "group_vars").mkdir(parents=True)
        (folder / "hosts.ini").write_text(f"{name}\n")
    (tmp_path / "a/group_vars/all.yml").write_text("broker_sync_jitter: 7min\n")
    inventories = ("-i", str(tmp_path / "a/hosts.ini"), "-i", str(tmp_path / "b/hosts.ini"))
    assert show(*inventories, "--limit", "b") == expected("7min")


def test_the_command_line_wins_over_everything(show: Show) -> None:
    arguments = ("-i", "inventories/example", "-e", "broker_sync_jitter=9min")
    assert show(*arguments) == expected("9min")


def test_every_setting_is_the_operators_and_says_why_it_is_there() -> None:
    seen: set[str] = set()
    for path in GROUP_VARS:
        for variable in variables(path):
            assert variable.name.startswith("broker_")
            assert variable.comment, variable.name
            assert variable.name not in seen
            seen.add(variable.name)
