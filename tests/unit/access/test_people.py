"""Who is in a group of the broker's, and in which other groups its people are."""

from __future__ import annotations

import grp
import pwd
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from broker.access import Reader
from broker.access.people import lent, members

CLASSES = {"public": "dataread", "private": "data-private"}
GIDS = {
    "dataread": 900,
    "data-ops": 901,
    "data-sudo": 902,
    "data-shell": 903,
    "data-private": 904,
    "docker": 905,
    "broker": 990,
    "olga": 1001,
    "otto": 1002,
    "anna": 1003,
}
LOGIN = {"shell": True}
OTTO = Reader("otto", 1002, 1002, (900, 901, 1002), None, kind="operator", **LOGIN)
OLGA = replace(OTTO, name="olga", uid=1001, gid=1001, groups=(900, 901, 902, 1001), sudo=True)
ANNA = Reader("anna", 1003, 1003, (900, 1003), frozenset())
BERT = replace(ANNA, name="bert", uid=1004, gid=1004)
SERVICE = Reader("broker", 990, 990, (900, 901, 904), None, kind="service")


@pytest.fixture(autouse=True)
def shadow(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "gshadow"
    monkeypatch.setattr(sys.modules[members.__module__], "_GSHADOW", str(path))
    return path


def violations(monkeypatch: pytest.MonkeyPatch, *readers: Reader) -> list[str]:
    """The violations where the host's groups have these members."""

    def group(name: str) -> grp.struct_group:
        inside = [one.name for one in readers if GIDS[name] in one.groups]
        return grp.struct_group((name, "x", GIDS[name], inside))

    names = {gid: name for name, gid in GIDS.items()}
    monkeypatch.setattr(grp, "getgrnam", group)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: group(names[gid]))
    monkeypatch.setattr(pwd, "getpwall", list)
    return sorted(f"{one.who} {one.problem}" for one in members(CLASSES, readers)[1])


def test_those_whom_the_registry_has_are_where_they_should_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert violations(monkeypatch, OLGA, OTTO, ANNA, SERVICE) == []


def test_an_operator_without_sudo_has_no_place_in_its_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stray = replace(OTTO, groups=(*OTTO.groups, 902))
    assert violations(monkeypatch, OLGA, stray, SERVICE) == [
        "otto is a member of data-sudo, and is not an operator with sudo"
    ]


@pytest.mark.parametrize("one", [OLGA, OTTO, ANNA])
def test_a_group_that_is_not_the_brokers_is_found(
    monkeypatch: pytest.MonkeyPatch, one: Reader
) -> None:
    stray = replace(one, groups=(*one.groups, 905))
    assert violations(monkeypatch, stray) == [
        f"{one.name} is a member of docker, which the broker does not give"
    ]


def test_the_group_of_the_service_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    bob = Reader("bob", 1009, 1009, (990, 1009), None)
    assert violations(monkeypatch, SERVICE, bob, replace(ANNA, groups=(900, 990, 1003))) == [
        "anna is a member of broker, which the broker does not give",
        "bob is a member of broker, the group of the service alone",
    ]


def test_a_shell_takes_its_group_along(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = replace(ANNA, groups=(*ANNA.groups, 903))
    assert violations(monkeypatch, replace(inside, **LOGIN)) == []
    assert violations(monkeypatch, inside) == [
        "anna is a member of data-shell, which the broker does not give"
    ]


def test_the_other_ways_into_a_group_are_found(
    monkeypatch: pytest.MonkeyPatch, shadow: Path
) -> None:
    shadow.write_text("data-sudo:!*::olga\ndata-ops:::\ndocker:$y$x:eve:eve\n")
    assert violations(monkeypatch, OLGA, OTTO, SERVICE) == []
    shadow.write_text("data-sudo:$y$x:otto:olga\ndata-private:!*::broker,anna\n")
    assert violations(monkeypatch, OLGA, OTTO, ANNA, SERVICE) == [
        "anna is a member of data-private, and not in /etc/group",
        "everybody data-sudo has a password",
        "otto may add any account to data-sudo",
    ]


def test_an_analyst_who_can_lay_down_groups_is_a_violation(tmp_path: Path) -> None:
    lends = tmp_path / "subgid"
    lends.write_text("anna:200000:65536\n1002:300000:65536\notto:300000:65536\n")
    checks, found = lent((ANNA, BERT, OTTO), lends)
    assert checks == 2
    assert [violation.who for violation in found] == ["anna"]
    assert lent((ANNA, BERT, OTTO), tmp_path / "none") == (2, [])
