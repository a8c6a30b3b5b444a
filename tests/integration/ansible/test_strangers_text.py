"""Text of other people in every place that a playbook takes it from: nothing of it is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from tests.unit.ansible.bundle import PLAYBOOKS, ROOT, ansible_playbook, load

ADDRESS = "inventories/example"  # of a block that no network routes: nothing below may connect
VERBS = [path for path in PLAYBOOKS if "/" in path and not path.endswith("/require_host.yml")]


def texts(value: object) -> list[str]:
    """Every text in a document."""
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def typed(playbook: str) -> list[str]:
    """The variables that a playbook takes after ``-e``: no setting, and none of its own."""
    plays = load(ROOT / playbook)
    found = {name for text in texts(plays) for name in _names(text)}
    own = {name for play in plays for name in play.get("vars", {})}
    settings = {"ansible", "broker", "inventory", "item", "omit"}
    return sorted(
        name
        for name in found - own
        if not name.startswith("_") and name.partition("_")[0] not in settings
    )


def _names(text: str) -> set[str]:
    if text.endswith((" is defined", " is file")):  # a condition, written without marks
        text = f"{{{{ {text} }}}}"
    parsed = Environment(autoescape=True).parse(text)
    return {node.name for node in parsed.find_all(nodes.Name)} - {"lookup", "query"}


def canary(path: Path, name: str) -> str:
    return f"ssh-ed25519 AAAA {{{{ lookup('ansible.builtin.pipe', 'touch {path / name}') }}}}"


def test_the_arguments_of_playbooks_are_known_to_this_test() -> None:
    assert typed("playbooks/add_analyst.yml") == [
        *("classes", "email", "key", "private", "shell", "user")
    ]
    assert typed("playbooks/site.yml") == []


@pytest.mark.parametrize("playbook", [path for path in VERBS if not path.endswith("/site.yml")])
def test_templates_in_arguments_are_refused_and_not_run(playbook: str, tmp_path: Path) -> None:
    names = typed(playbook)
    assert "user" in names
    extra = json.dumps({name: canary(tmp_path, name) for name in names})
    code, words = ansible_playbook(playbook, "-i", ADDRESS, "-e", extra)
    assert code != 0
    assert list(tmp_path.iterdir()) == []
    assert "Nothing was changed." in words
    for name in names:
        assert f"{name} holds a template" in words


def test_templates_in_a_declaration_are_refused_before_a_host_is_asked(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "hosts.yml").write_text(json.dumps({"brokers": {"hosts": {"192.0.2.1": {}}}}))
    canaries = tmp_path / "canaries"
    canaries.mkdir()
    key = {"name": "laptop", "key": canary(canaries, "key")}
    declared = {
        "vault_token": canary(canaries, "token"),
        "broker_secrets": {"TOKEN": "{{ vault_token }}", "OTHER": "x{{7*7}}"},
        "broker_analysts": [{"name": "anna", "email": canary(canaries, "email"), "keys": [key]}],
        "broker_users": {"anna": {"name": canary(canaries, "name")}},
        "broker_username_mapping": {"anna": canary(canaries, "mapping")},
    }
    (inventory / "group_vars" / "all.yml").write_text(json.dumps(declared))
    code, words = ansible_playbook("site.yml", "-i", str(inventory), "--tags", "analysts_list")
    assert code != 0
    assert list(canaries.iterdir()) == []
    assert "unreachable=0" in words
    for place in (
        "vault_token",
        "broker_secrets.OTHER",
        "broker_analysts[0].email",
        "broker_analysts[0].keys[0].key",
        "broker_users.anna.name",
        "broker_username_mapping.anna",
    ):
        assert f"{place} holds a template" in words
