"""Who could not log in any more: what sshd says of an account, and what opens it."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from broker.logins import entrants, options

from .people import account

OPEN = """
port 22
permitrootlogin without-password
pubkeyauthentication yes
passwordauthentication yes
kbdinteractiveauthentication no
authorizedkeyscommand none
authorizedkeysfile .ssh/authorized_keys .ssh/authorized_keys2
"""
GROUPS = {"sudo", "root"}
CLOSED = OPEN.replace("passwordauthentication yes", "passwordauthentication no")


@pytest.fixture(autouse=True)
def groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody is in a group of their name, and administrators in sudo."""
    member = {"admin": {"admin", "sudo"}}
    monkeypatch.setattr(entrants, "groups_of", lambda one: member.get(one.pw_name, {one.pw_name}))


def out(one: pwd.struct_passwd, output: str, *, password: bool = False) -> list[str]:
    answer = options.parse_options(output)
    have = {one.pw_name} if password else set()
    names: list[str] = entrants.shut_out(entrants.can_enter([one], lambda _: answer, have), GROUPS)
    return names


@pytest.mark.parametrize("output", [OPEN, CLOSED])
def test_a_key_outside_of_the_groups_opens_nothing_any_more(tmp_path: Path, output: str) -> None:
    assert out(account(tmp_path, key=True), output) == ["monitor"]


def test_a_password_opens_nothing_any_more_whatever_the_groups(tmp_path: Path) -> None:
    assert out(account(tmp_path), OPEN, password=True) == ["monitor"]
    assert out(account(tmp_path, "admin"), OPEN, password=True) == ["admin"]
    assert out(account(tmp_path, "admin"), CLOSED, password=True) == []


def test_a_key_and_a_group_stay(tmp_path: Path) -> None:
    assert out(account(tmp_path, "admin", key=True), OPEN, password=True) == []


def test_who_has_no_way_in_loses_none(tmp_path: Path) -> None:
    assert out(account(tmp_path), OPEN) == []
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/authorized_keys").touch()
    assert out(account(tmp_path), OPEN) == []


def test_the_root_of_today_is_asked_how_it_may_come(tmp_path: Path) -> None:
    root = account(tmp_path, "root")
    assert out(root, OPEN, password=True) == []
    assert out(root, OPEN.replace("without-password", "yes"), password=True) == ["root"]
    with_key = account(tmp_path / "other", "root", key=True)
    assert out(with_key, OPEN.replace("without-password", "no")) == []
    closed = options.parse_options(OPEN.replace("without-password", "no"))
    assert not options.is_allowed("root", {"root"}, closed)


def test_in_a_group_of_the_brokers_people_its_keys_alone_count(tmp_path: Path) -> None:
    def enter(output: str) -> list[str]:
        one = account(tmp_path, "admin")
        found: list[str] = entrants.can_enter([one], lambda _: options.parse_options(output), set())
        names: list[str] = entrants.strangers(found, {"sudo"}, tmp_path / "keys")
        return names

    account(tmp_path, "admin", key=True)
    (tmp_path / "keys").mkdir()
    assert enter(OPEN) == ["admin"]
    assert enter(OPEN.replace("pubkeyauthentication yes", "pubkeyauthentication no")) == []
    (tmp_path / "keys/admin").touch()
    assert enter(OPEN) == []


def test_without_the_brokers_keys_an_operator_needs_one_in_the_home(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "admin").write_text("ssh-ed25519 AAAA\n")
    output = options.parse_options(CLOSED.replace(".ssh/authorized_keys ", f"{keys}/%u "))

    def keyless(group: str) -> list[str]:
        found = entrants.can_enter([account(tmp_path, "admin")], lambda _: output, set())
        names: list[str] = entrants.keyless(found, {group})
        return names

    assert (keyless("sudo"), keyless("adm")) == (["admin"], [])
    account(tmp_path, "admin", key=True)
    assert keyless("sudo") == []


@pytest.mark.parametrize(
    "line",
    [
        "allowgroups sudo adm",
        "denygroups mon*",
        "denyusers monitor@10.0.0.1 monitor",
        "allowusers ann*",
        "pubkeyauthentication no",
    ],
)
def test_who_is_kept_out_already_is_not_shut_out(tmp_path: Path, line: str) -> None:
    output = "\n".join(one for one in CLOSED.splitlines() if one.split()[:1] != line.split()[:1])
    assert out(account(tmp_path, key=True), f"{output}\n{line}\n") == []


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("/etc/keys/%u", "/etc/keys/monitor"),
        ("%h/k%%", "{home}/k%"),
        ("/%%h/%%u", "/%h/%u"),
        ("own/%U", "{home}/own/2000"),
    ],
)
def test_keys_are_looked_for_where_sshd_does(tmp_path: Path, pattern: str, place: str) -> None:
    (path,) = options.key_files(account(tmp_path), {"authorizedkeysfile": [pattern]})
    assert str(path) == place.format(home=tmp_path)


def test_a_command_that_looks_for_keys_may_know_one(tmp_path: Path) -> None:
    output = CLOSED.replace("authorizedkeyscommand none", "authorizedkeyscommand /usr/bin/sss_ssh")
    assert out(account(tmp_path), output) == ["monitor"]
