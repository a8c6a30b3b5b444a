"""Operators: the same code as for analysts, other groups, and nobody is both."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from broker.accounts.debian.apply import Trouble
from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.debian.probe import KeyAnswer
from broker.accounts.debian.system import DebianSystem
from broker.accounts.manage import Outcome, converge, list_analysts, list_operators
from broker.accounts.planning.actions import (
    AllowSudo,
    ChangeAccount,
    ClearHome,
    EndProcesses,
    PlaceLimits,
)
from broker.accounts.planning.planner import plan
from broker.accounts.planning.taking import takes
from broker.accounts.planning.wanted import SUDO_RULE
from broker.accounts.records.classes import parse_classes, read_classes
from broker.accounts.records.host import HostUser
from broker.accounts.records.keyrequest import key_request
from broker.accounts.records.model import Request, parse_request
from broker.accounts.records.paths import HostPaths
from broker.audit import Actor, acting_as
from broker.audit.reading import read_log
from broker.cli import accounts as commands
from broker.cli.operators import operator
from broker.errors import AccountsError, BrokerError
from broker.hostpaths import AUDIT_LOG

from .conftest import Ask
from .scratch import ScratchSystem, public_key

KEY = public_key("olga", "olga@desk")
OTHER = public_key("other")
Operate = Callable[..., Outcome]


@pytest.fixture
def operate(ask: Ask) -> Operate:
    def _operate(name: str, *keys: str, **more: Any) -> Outcome:
        return ask(name, *keys, role="operator", **more)

    return _operate


def rule_of(layout: HostPaths) -> str | None:
    path = layout.at(layout.sudoers)
    return path.read_text() if path.exists() else None


def test_what_an_operator_is(layout: HostPaths, system: ScratchSystem, operate: Operate) -> None:
    done = operate("olga", KEY, email="olga@example.com")
    assert done.people[0]["sudo"] is False
    user = system.accounts().users["olga"]
    assert (user.groups, user.shell) == ({"dataread", "data-ops"}, "/bin/bash")
    assert list((layout.root / "home/olga").iterdir()) == []
    keys = layout.root / "etc/data-broker/authorized_keys/olga"
    assert keys.read_text().splitlines()[1:] == [KEY]
    seen = observe(Host(layout, system))
    assert (seen.limited, seen.masked, rule_of(layout)) == (frozenset(), frozenset(), None)
    assert not operate("olga").changed
    assert [row["host"] for row in list_operators(Host(layout, system))] == ["ok"]
    assert list_analysts(Host(layout, system)) == []


def test_the_rule_of_sudo_stands_as_long_as_somebody_needs_it(
    layout: HostPaths, system: ScratchSystem, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    operate("otto", OTHER, sudo=True)
    assert system.accounts().users["olga"].groups == {"dataread", "data-ops", "data-sudo"}
    assert rule_of(layout) == SUDO_RULE
    assert layout.at(layout.sudoers).stat().st_mode & 0o7777 == 0o440
    assert operate("olga", sudo=False).only_takes
    assert system.ended == [system.accounts().users["olga"].uid]
    assert rule_of(layout) == SUDO_RULE
    operate("otto", state="absent")
    assert rule_of(layout) is None
    assert system.accounts().users["olga"].groups == {"dataread", "data-ops"}


@pytest.mark.parametrize("line", ["data-sudo:!*::olga", "data-sudo:!*:olga,eve:"])
def test_who_can_join_the_group_of_sudo_by_newgrp_or_gpasswd_still_has_it(
    layout: HostPaths, system: ScratchSystem, operate: Operate, line: str
) -> None:
    operate("olga", KEY)
    operate("otto", OTHER, sudo=True)
    (layout.root / "etc/gshadow").write_text(f"data-ops:!*::olga\n{line}\nnowhere:!*::olga\n")
    assert [row["host"] for row in list_operators(Host(layout, system))] == ["drift", "ok"]
    uid = system.accounts().users["olga"].uid
    actions = plan([], observe(Host(layout, system)), layout).actions
    assert [one.uid for one in actions if isinstance(one, EndProcesses)] == [uid]
    (first, last) = [one for one in actions if isinstance(one, ChangeAccount)]
    assert first.found.groups - first.wanted.groups == {"data-sudo"}
    assert (first.wanted.expired, last.wanted.expired) == (True, False)


def test_a_group_is_taken_from_its_administrators_too(
    layout: HostPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr("broker.accounts.debian.system._run", lambda argv: called.append([*argv]))
    (layout.root / "etc/gshadow").write_text("data-sudo:!*:eve,olga:olga\ndata-ops:!*:olga:\n")
    groups = frozenset({"data-ops", "data-sudo"})
    user = HostUser("olga", 1501, 1501, "", "/home/olga", "/bin/bash", groups)
    less = replace(user, groups=frozenset({"data-ops"}))
    DebianSystem(layout.root).change(user, less)
    root = str(layout.root)
    assert called == [
        ["usermod", "--prefix", root, "--groups", "data-ops", "olga"],
        ["gpasswd", "--root", root, "--administrators", "eve", "data-sudo"],
    ]


def test_what_somebody_wrote_into_the_rule_is_mended(layout: HostPaths, operate: Operate) -> None:
    operate("olga", KEY, sudo=True)
    for damage in (lambda path: path.write_text("eve ALL=(ALL) ALL\n"), lambda path: path.unlink()):
        layout.at(layout.sudoers).chmod(0o640)
        damage(layout.at(layout.sudoers))
        assert operate("olga").changed
        assert rule_of(layout) == SUDO_RULE


def test_what_stands_in_the_place_of_the_rule_makes_room(
    layout: HostPaths, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    path = layout.at(layout.sudoers)
    elsewhere = path.rename(layout.root / "rule")
    path.symlink_to(elsewhere)
    operate("olga")
    assert not path.is_symlink()
    path.unlink()
    path.mkdir()
    path.joinpath("left").touch()
    operate("olga")
    assert rule_of(layout) == SUDO_RULE


def test_a_rule_that_nobody_asked_for_goes(layout: HostPaths, operate: Operate) -> None:
    operate("olga", KEY)
    layout.at(layout.sudoers).write_text(SUDO_RULE)
    operate("olga")
    assert rule_of(layout) is None
    assert takes(AllowSudo(allowed=False))
    assert not takes(AllowSudo(allowed=True))


@pytest.mark.parametrize("gone", ["usr/bin/sudo", "etc/sudoers.d"])
def test_without_sudo_on_the_host_nobody_is_promised_it(
    layout: HostPaths, operate: Operate, gone: str
) -> None:
    (layout.root / gone).rename(layout.root / "gone")
    with pytest.raises(AccountsError, match="this host has no sudo"):
        operate("olga", KEY, sudo=True)
    assert operate("olga", KEY).changed


@pytest.mark.parametrize(
    ("text", "reads"),
    [
        ("#includedir /etc/sudoers.d\n", True),
        ('  @includedir\t"/etc/sudoers.d/"\n', True),
        ("@include sudoers.local\n", True),
        ("# includedir /etc/sudoers.d\n", False),
        ("@includedir /etc/sudoers.dist\n", False),
        ("@include /etc/sudoers\n@include nowhere\n", False),
        (None, False),
    ],
)
def test_a_rule_that_sudo_does_not_read_is_not_promised(
    layout: HostPaths, operate: Operate, text: str | None, reads: bool
) -> None:
    sudoers = layout.root / "etc/sudoers"
    sudoers.with_name("sudoers.local").write_text("@includedir /etc/sudoers.d\n")
    sudoers.unlink() if text is None else sudoers.write_text(text)
    if reads:
        assert operate("olga", KEY, sudo=True).changed
        return
    with pytest.raises(AccountsError, match=r"does not read the folder /etc/sudoers\.d") as refusal:
        operate("olga", KEY, sudo=True, check=True)
    assert "Add the line @includedir /etc/sudoers.d to /etc/sudoers" in str(refusal.value)
    assert operate("olga", KEY).changed


@pytest.mark.parametrize(
    ("file", "line", "way"),
    [
        ("group", "data-sudo:x:990:mary", "gpasswd --delete NAME data-sudo"),
        ("passwd", "mary:x:1400:990::/home/mary:/bin/bash", "usermod --gid OTHER NAME"),
        ("gshadow", "data-sudo:!::mary", "gpasswd --delete NAME data-sudo"),
    ],
)
def test_no_rule_of_sudo_is_written_for_a_stranger(
    layout: HostPaths, ask: Ask, operate: Operate, file: str, line: str, way: str
) -> None:
    group = layout.root / "etc/group"
    group.write_text(group.read_text() + ("data-sudo:x:990:\n" if file != "group" else ""))
    path = layout.root / "etc" / file
    path.write_text((path.read_text() if path.exists() else "") + line + "\n")
    with pytest.raises(AccountsError) as refusal:
        operate("olga", KEY, sudo=True, check=True)
    message = "are in this group, and could become root; found mary. Take them out"
    assert f"group data-sudo: accounts that the broker does not keep {message}" in str(
        refusal.value
    )
    assert way in str(refusal.value)
    assert rule_of(layout) is None
    assert operate("olga", KEY).changed
    assert ask("anna", OTHER).changed


def test_who_is_in_the_group_of_sudo_later_hinders_no_one_else(
    layout: HostPaths, ask: Ask, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    group = layout.root / "etc/group"
    group.write_text(group.read_text().replace(":olga\n", ":olga,mary\n"))
    assert ask("anna", OTHER, check=True).changed
    with pytest.raises(AccountsError, match="found mary"):
        operate("olga")
    layout.at(layout.sudoers).unlink()
    with pytest.raises(AccountsError, match="found mary"):
        ask("anna", OTHER)
    assert operate("olga", state="absent").changed


def test_no_class_gets_a_group_that_has_strangers(layout: HostPaths, system: ScratchSystem) -> None:
    def declare(names: dict[str, str], check: bool = False) -> Outcome:
        return converge(
            [], Host(layout, system), check=check, classes=parse_classes(names, where="here")
        )

    assert declare({}).changed
    group = layout.root / "etc/group"
    group.write_text(group.read_text() + "reports:x:990:broker,mary\ndata-ops:x:991:otto\n")
    before = group.read_text()
    with pytest.raises(AccountsError) as refusal:
        declare({"hr": "reports"}, check=True)
    assert "group reports: accounts that the broker does not keep are in this group" in str(
        refusal.value
    )
    assert "could read the class hr; found mary. Take them out" in str(refusal.value)
    assert group.read_text() == before
    group.write_text(before.replace("broker,mary", "broker"))
    assert declare({"hr": "reports"}).changed
    group.write_text(before)  # drift, which the proof judges
    assert not declare({"hr": "reports"}).changed


def test_a_host_that_lost_its_sudo_is_no_trouble_of_others(
    layout: HostPaths, ask: Ask, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    layout.at(layout.sudoers).unlink()
    layout.at(layout.sudoers).parent.rmdir()
    assert ask("anna", public_key("anna")).changed
    with pytest.raises(AccountsError, match="this host has no sudo"):
        operate("olga")


def test_an_operators_home_is_their_own(layout: HostPaths, operate: Operate) -> None:
    operate("olga", KEY)
    for folder in ("server", "user"):
        (layout.root / "home/olga" / folder).mkdir()
        (layout.root / "home/olga" / folder / "notes").write_text("mine")
    assert not operate("olga").changed
    assert (layout.root / "home/olga/server/notes").read_text() == "mine"


def test_leaving_is_the_same_as_an_analysts(
    layout: HostPaths, system: ScratchSystem, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    uid = system.accounts().users["olga"].uid
    (layout.root / "home/olga/notes").write_text("mine")
    operate("olga", state="absent")
    assert "olga" not in system.accounts().users
    assert not (layout.root / "etc/data-broker/authorized_keys/olga").exists()
    assert (layout.root / f"home/.data-broker-archive/olga-{uid}/notes").exists()
    assert system.ended == [uid]
    assert operate("olga", KEY).people[0]["uid"] == uid + 1


def test_a_key_that_is_gone_takes_all_that_it_may_have_planted(
    layout: HostPaths, system: ScratchSystem, operate: Operate
) -> None:
    operate("olga", KEY)
    (layout.root / "home/olga/.bashrc").write_text("planted")
    request = key_request("olga", "absent", old=["olga@desk"], role="operator")
    added = key_request("olga", "present", key=OTHER, role="operator")
    converge([added], Host(layout, system))
    actions = plan([request], observe(Host(layout, system)), layout).actions
    kinds = [type(action) for action in actions]
    assert kinds.index(EndProcesses) < kinds.index(ClearHome)
    converge([request], Host(layout, system))
    assert list((layout.root / "home/olga").iterdir()) == []
    assert [row["host"] for row in list_operators(Host(layout, system))] == ["ok"]


def test_nobody_is_both(layout: HostPaths, ask: Ask, operate: Operate) -> None:
    ask("anna", KEY)
    with pytest.raises(AccountsError, match="this name already belongs to an analyst"):
        operate("anna", OTHER)
    operate("olga", OTHER)
    for request in (
        Request("olga", grant=("private",), known=True),
        Request("olga", state="absent"),
        key_request("olga", "present", key=public_key("third")),
        key_request("olga", "absent", old=["*"]),
    ):
        with pytest.raises(AccountsError, match="this name already belongs to an operator"):
            converge([request], Host(layout, ScratchSystem(layout.root)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sudo": True}, "an analyst never becomes root"),
        ({"sudo": False}, "an analyst never becomes root"),
        ({"role": "operator", "classes": ["private"]}, "an operator holds no access class"),
        ({"role": "operator", "private": True}, "an operator holds no access class"),
        ({"role": "operator", "shell": False}, "always has a shell"),
        ({"role": "operator", "keys": []}, "the list of keys is empty"),
    ],
)
def test_what_is_another_roles_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(AccountsError, match=message):
        parse_request("olga", **options)


def test_what_the_inventory_does_not_say_it_does_not_give(
    layout: HostPaths, system: ScratchSystem, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    operate("olga")
    assert rule_of(layout) == SUDO_RULE
    operate("olga", KEY, origin="declared")
    assert rule_of(layout) is None
    assert [row["origin"] for row in list_operators(Host(layout, system))] == ["declared"]


@pytest.mark.parametrize("taken", [{"state": "absent"}, {"sudo": False}])
def test_nobody_cuts_off_the_session_that_they_act_in(
    taken: dict[str, Any], operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    for actor in (
        Actor(0, "root", "command", "olga"),
        Actor(0, "root", "ansible", None, {"sudo_user": "olga"}),
    ):
        with acting_as(actor), pytest.raises(AccountsError, match="would end your session"):
            operate("olga", **taken)
    with acting_as(Actor(0, "root", "command", "otto")):
        assert operate("olga", email="olga@example.com").changed
        assert operate("olga", **taken).changed


def test_an_operator_rotates_their_own_key(
    layout: HostPaths, system: ScratchSystem, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    with acting_as(Actor(0, "root", "command", "olga")):
        request = key_request("olga", "rotated", key=OTHER, role="operator")
        assert converge([request], Host(layout, system)).changed
        request = key_request("olga", "rotated", key=OTHER, grace="0m", role="operator")
        with pytest.raises(AccountsError, match="would end your session"):
            converge([request], Host(layout, system))
    assert system.ended == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        ({"groups": frozenset({"dataread", "data-ops", "data-sudo", "operators"})}, "operators"),
        ({"expired": True}, "state expired instead of keys only"),
    ],
)
def test_mending_does_not_end_the_session_that_it_is_asked_in(
    system: ScratchSystem, ask: Ask, operate: Operate, damage: dict[str, Any], message: str
) -> None:
    operate("olga", KEY, sudo=True)
    system.edit("olga", **damage)
    with acting_as(Actor(0, "root", "command", "olga")):
        with pytest.raises(AccountsError, match="mending it would end your session") as caught:
            ask("anna", public_key("anna"))
        assert message in str(caught.value.found)
    assert system.ended == []
    assert "anna" not in system.accounts().users
    with acting_as(Actor(0, "root", "command", "otto")):
        assert ask("anna", public_key("anna")).changed
    assert len(system.ended) == 1


def test_sudo_by_hand_ends_whoever_acts_with_it(
    system: ScratchSystem, ask: Ask, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    operate("otto", OTHER)
    groups = frozenset({"dataread", "data-ops", "data-sudo"})
    system.edit("otto", groups=groups)
    with acting_as(Actor(0, "root", "command", "otto")):
        ask("anna", public_key("anna"))
    assert system.ended == [system.accounts().users["otto"].uid]


def test_what_is_wrong_with_an_operator_is_not_said_of_an_analyst(
    operate: Operate, system: ScratchSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = operate("olga", KEY)
    warnings = replace(outcome, troubles=(Trouble("olga", "broken"),)).warnings
    assert warnings == ("operator 'olga': broken",)
    taken = KeyAnswer("SHA256:x", taken=True, answer="welcome")
    monkeypatch.setattr(system, "probe", lambda *_: [taken])
    with pytest.raises(BrokerError, match="operator 'olga': sshd still accepts a key"):
        operate("olga", state="absent")


def test_a_lost_list_is_made_again_from_what_stands(
    layout: HostPaths, system: ScratchSystem, ask: Ask, operate: Operate
) -> None:
    ask("anna", public_key("anna"), private=True)
    operate("olga", KEY, sudo=True)
    operate("otto", OTHER)
    before = observe(Host(layout, system)).registry.people
    layout.at(layout.registry).unlink()
    after = observe(Host(layout, system)).registry.people
    assert [replace(one, email=None) for one in before] == list(after)


def test_analysts_are_limited_and_operators_are_not(
    layout: HostPaths, system: ScratchSystem, ask: Ask, operate: Operate
) -> None:
    ask("anna", public_key("anna"))
    operate("olga", KEY)
    uids = {user.name: user.uid for user in system.accounts().users.values()}
    assert observe(Host(layout, system)).limited == {uids["anna"]}
    layout.at(layout.units).joinpath(f"user-{uids['olga']}.slice.d").mkdir()
    link = layout.at(layout.units) / f"user-{uids['olga']}.slice.d/50-data-broker.conf"
    link.symlink_to("../broker-analyst.slice.d/limits.conf")
    (found,) = plan([], observe(Host(layout, system)), layout).actions
    assert found == PlaceLimits((), (uids["olga"],))


def test_the_log_says_that_it_was_an_operator(layout: HostPaths, operate: Operate) -> None:
    operate("olga", KEY, sudo=True)
    (layout.root / "etc/data-broker/authorized_keys/olga").unlink()
    operate("olga")
    operate("olga", sudo=False)
    operate("olga", state="absent")
    lines = [
        (event.action, event.detail)
        for event in read_log(layout.at(AUDIT_LOG)).events
        if event.subject == "olga"
    ]
    assert [action for action, _ in lines] == [
        *("operator.add", "operator.mend", "operator.change", "operator.remove")
    ]
    assert lines[0][1]["after"]["sudo"] is True
    assert lines[1][1] == {"mended": ["keys"]}
    assert (lines[2][1]["before"], lines[2][1]["after"]) == ({"sudo": True}, {"sudo": False})


def test_a_rule_of_sudo_that_is_mended_on_the_way_is_told(
    layout: HostPaths, ask: Ask, operate: Operate
) -> None:
    operate("olga", KEY, sudo=True)
    rule = layout.at(layout.sudoers)
    rule.chmod(0o640)
    rule.write_text("eve ALL=(ALL) ALL\n")
    rule.chmod(0o440)
    outcome = ask("anna", public_key("anna"))
    assert outcome.before["files and folders"] == {str(layout.sudoers): "another text"}
    assert outcome.after["files and folders"] == {str(layout.sudoers): "file 0440 of 0:0"}
    events = read_log(layout.at(AUDIT_LOG)).events
    assert {"mended": [str(layout.sudoers)]} in [event.detail for event in events]


def test_the_list_keeps_operators_apart(layout: HostPaths, ask: Ask, operate: Operate) -> None:
    ask("anna", public_key("anna"))
    assert "operators" not in json.loads(layout.at(layout.registry).read_text())
    operate("olga", KEY, sudo=True)
    document = json.loads(layout.at(layout.registry).read_text())
    assert [one["name"] for one in document["analysts"]] == ["anna"]
    (olga,) = document["operators"]
    assert (olga["name"], olga["sudo"], "classes" in olga) == ("olga", True, False)


class TestCommands:
    @pytest.fixture
    def type_in(self, layout: HostPaths, system: ScratchSystem) -> Callable[..., Result]:
        def _type(*words: str) -> Result:
            host = Host(layout, system)
            return CliRunner().invoke(operator, words, obj=host)

        return _type

    def test_add_list_change_and_remove(self, type_in: Callable[..., Result]) -> None:
        assert "no operators yet" in type_in("list").output
        added = type_in("add", "olga", KEY, "--sudo", "--email", "olga@example.com").output
        assert added.startswith("olga: set up (uid 1501, operator with sudo, SHA256:")
        assert "operator, " in type_in("add", "olga", "--no-sudo").output
        head, line = (" ".join(text.split()) for text in type_in("list").output.splitlines())
        assert head == "NAME UID SUDO ORIGIN HOST E-MAIL KEYS"
        assert line.startswith("olga 1501 no registry ok olga@example.com SHA256:")
        (row,) = json.loads(type_in("list", "--json").output)
        assert (row["name"], row["sudo"], row["host"]) == ("olga", False, "ok")
        assert "changed" in type_in("key", "add", "olga", OTHER, "--name", "two").output
        assert "revoked" in type_in("key", "revoke", "olga", "two").output
        assert "removed" in type_in("remove", "olga").output
        assert "no operators yet" in type_in("list").output

    def test_what_is_wrong_with_a_home_is_told_below_the_list(
        self, type_in: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        type_in("add", "olga", KEY)
        (row,) = json.loads(type_in("list", "--json").output)
        rows = [{**row, "problem": "closed to root"}]
        monkeypatch.setattr("broker.cli.operators.list_operators", lambda _: rows)
        assert type_in("list").output.splitlines()[-1] == "olga: the home: closed to root"

    def test_a_wrong_name_is_an_error_with_a_hint(self, type_in: Callable[..., Result]) -> None:
        type_in("add", "olga", KEY)
        for name, hint in (("olag", "Did you mean olga?"), ("tom", "broker operator list")):
            error = type_in("remove", name).exception
            assert isinstance(error, AccountsError)
            assert str(error).startswith(f"operator '{name}': there is no such operator.")
            assert hint in str(error)

    def test_the_commands_for_analysts_do_not_reach_an_operator(
        self, type_in: Callable[..., Result], layout: HostPaths, system: ScratchSystem
    ) -> None:
        type_in("add", "olga", KEY)
        host = Host(layout, system)
        for words in (
            ["remove", "olga"],
            ["grant", "olga", "private"],
            ["add", "olga", OTHER],
            ["key", "revoke", "olga", "olga@desk"],
        ):
            error = CliRunner().invoke(commands.analyst, words, obj=host).exception
            assert isinstance(error, AccountsError)
        assert isinstance(system, DebianSystem)
        assert len(list_operators(Host(layout, system))) == 1


@pytest.mark.parametrize("group", ["root", "broker-x", "data-ops", "a b\n"])
def test_a_list_of_classes_with_a_group_that_public_never_had_is_refused(group: str) -> None:
    with pytest.raises(BrokerError, match="cannot be read"):
        read_classes(json.dumps({"public": group}), where="here")


def test_another_group_for_public_of_an_earlier_release_gives_way(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    ask("anna", KEY)
    file = layout.at(layout.classes)
    file.write_text('{"private": "data-private", "public": "people"}\n')
    declared = parse_classes({}, where="here")
    assert converge([], Host(layout, system), classes=declared).changed
    assert json.loads(file.read_text())["public"] == "dataread"
    assert "dataread" in observe(Host(layout, system)).accounts.users["anna"].groups
