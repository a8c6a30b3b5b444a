"""The groups that roles, modules and settings name are those of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.classes import (
    BUILT_IN_CLASSES,
    CATALOG_GROUP,
    OPERATOR_GROUP,
    PRIVATE,
    PUBLIC,
    SHELL_GROUP,
    SUDO_GROUP,
    group_of,
)

from .bundle import GROUP_VARS, ROLES, ROOT, defaults, load, variables

OWN = {OPERATOR_GROUP, CATALOG_GROUP, SHELL_GROUP, SUDO_GROUP}
OWN |= {group_of(PUBLIC), group_of(PRIVATE)}
# A name of its own: no part of a path, of a file or of another word.
GROUP = re.compile(r"(?<![\w./-])data-?[a-z]+(?![\w./-]|\.[a-z])")
OTHERS = {"data-broker", "dataclass", "dataclasses", "datasets", "database"}


def named(text: str) -> set[str]:
    """The groups of the broker's that a text names."""
    return {*GROUP.findall(text)} - OTHERS


def files(*folders: str) -> list[Path]:
    every = [path for folder in folders for path in (ROOT / folder).rglob("*")]
    return [path for path in every if path.suffix in {".yml", ".j2", ".py"}]


def test_no_file_names_another_group() -> None:
    found = {path: named(path.read_text()) for path in files("group_vars", "library", "roles")}
    assert {path: names - OWN for path, names in found.items() if names - OWN} == {}
    assert set().union(*found.values()) >= OWN - {SUDO_GROUP}


@pytest.mark.parametrize(
    ("path", "groups"),
    [
        ("base/vars/main.yml", {group_of(PUBLIC), OPERATOR_GROUP, CATALOG_GROUP}),
        ("base/templates/etc/dbus-1/system.d/data-broker.conf.j2", {group_of(PUBLIC)}),
        ("base/templates/etc/security/limits.d/50-data-broker.conf.j2", {group_of(PUBLIC)}),
        ("base/templates/usr/share/pam-configs/data-broker.j2", {group_of(PUBLIC)}),
        (
            "base/templates/etc/tmpfiles.d/data-broker-bus.conf.j2",
            {group_of(PUBLIC), OPERATOR_GROUP},
        ),
        (
            "base/templates/etc/tmpfiles.d/data-broker-logins.conf.j2",
            {group_of(PUBLIC), OPERATOR_GROUP},
        ),
        ("ssh/vars/main.yml", {group_of(PUBLIC), OPERATOR_GROUP}),
        (
            "ssh/templates/etc/ssh/sshd_config.d/50-data-broker.conf.j2",
            {group_of(PUBLIC), OPERATOR_GROUP, SHELL_GROUP},
        ),
        ("storage/vars/main.yml", {group_of(PUBLIC), CATALOG_GROUP}),
    ],
)
def test_what_binds_everyone_of_a_group_names_the_group_of_the_program(
    path: str, groups: set[str]
) -> None:
    assert named((ROOT / "roles" / path).read_text()) == groups


def test_a_name_that_the_program_does_not_know_is_found() -> None:
    assert named("group: data-operators, @datareaders hard") - OWN == {
        "data-operators",
        "datareaders",
    }
    assert named("/etc/data-broker, data-broker.conf, data_description.md, /data/src_data") == set()


def test_the_classes_of_the_settings_have_the_groups_of_the_program() -> None:
    settings = {item.name: item.default for path in GROUP_VARS for item in variables(path)}
    declared = {name: entry["group"] for name, entry in settings["broker_access_classes"].items()}
    assert declared == {name: group_of(name) for name in BUILT_IN_CLASSES}


def test_a_setting_has_the_default_of_the_variable_that_it_goes_to() -> None:
    """But where the role has nothing by default, because only an instance can say it."""
    settings = {item.name: item.default for path in GROUP_VARS for item in variables(path)}
    values = {name: value for role in ROLES for name, value in defaults(role).items()}
    site = load(ROOT / "playbooks/site.yml")[-1]["vars"]
    plain = re.compile(r"\{\{ (broker_\w+) \}\}")
    given = {name: plain.fullmatch(str(text)) for name, text in site.items()}
    pairs = {name: match[1] for name, match in given.items() if match}
    assert len(pairs) >= 30
    assert [
        name
        for name, setting in pairs.items()
        if values[name] != settings[setting] and values[name] not in ("", [], {})
    ] == []
