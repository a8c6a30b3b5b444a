"""Facts in, exact actions out: no disk, no clock, no account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from broker.accounts.planning.actions import (
    Action,
    AddAccounts,
    ChangeAccount,
    ClearHome,
    ClearOutside,
    DropBits,
    EndProcesses,
    MakePlaces,
    MaskManagers,
    MendHome,
    PlaceLimits,
    RemoveAccount,
    RemoveKeyFile,
    StoreHome,
    StrikeOut,
    WriteClasses,
    WriteKeys,
    WriteRegistry,
)
from broker.accounts.planning.goal import goal
from broker.accounts.planning.planner import plan
from broker.accounts.planning.wanted import (
    REGISTRY_FILE,
    wanted_places,
    wanted_presence,
    wanted_user,
)
from broker.accounts.records.classes import Classes
from broker.accounts.records.host import Accounts, HostUser, KeyFile, Observed, Presence
from broker.accounts.records.keyfile import render_keys
from broker.accounts.records.keys import Key, parse_key
from broker.accounts.records.model import Person, Request, parse_request
from broker.accounts.records.node import Node
from broker.accounts.records.paths import HostPaths
from broker.accounts.records.registry import Registry, make_registry
from broker.errors import AccountsError

from ..scratch import public_key

LAYOUT = HostPaths()
CLASSES = Classes()
KEY = parse_key(public_key("anna"), where="anna")
OTHER = parse_key(public_key("other"), where="anna")
ANNA = Person("anna", 1001, keys=(KEY,))
SHELL = {"shell": True}
USER = wanted_user(ANNA, LAYOUT, CLASSES)
SHUT = replace(USER, expired=True)
ROOT = HostUser("root", 0, 0, "", "/root", "/bin/bash")
SYSTEM = {"root": 0, "dataread": 990, "data-private": 991, "data-shell": 992}


def host(*analysts: Person, **presences: Presence) -> Observed:
    """A host on which these analysts stand as they should, but for ``presences``."""
    found = {entry.name: wanted_presence(entry, LAYOUT, CLASSES) for entry in analysts} | presences
    users = {name: presence.user for name, presence in found.items() if presence.user}
    groups = {name: gid for name, p in found.items() if (gid := p.group) is not None}
    places: dict[str, Node] = {str(LAYOUT.registry): REGISTRY_FILE, **wanted_places(LAYOUT)}
    return Observed(
        accounts=Accounts({"root": ROOT, **users}, {**SYSTEM, **groups}),
        registry=make_registry(analysts, 0),
        presences=found,
        places=places,
        key_files=frozenset(name for name, presence in found.items() if presence.keys),
        limited=frozenset(entry.uid for entry in analysts if entry.state == "present"),
        masked=frozenset(e.uid for e in analysts if e.state == "present" and not e.shell),
        free_bytes=2**30,
    )


VIRGIN = Observed(
    accounts=Accounts({"root": ROOT}, {"root": 0}), registry=Registry(), presences={}, places={}
)


def requested(name: str = "anna", **more: Any) -> Request:
    return parse_request(name, **more)


def refusal(observed: Observed, *requests: Request) -> str:
    with pytest.raises(AccountsError) as caught:
        plan(requests, observed)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_nothing_is_asked_of_a_virgin_host() -> None:
    assert plan([], VIRGIN).actions == ()
    assert plan([requested(state="absent")], VIRGIN).actions == ()


def test_the_first_analyst_of_a_virgin_host() -> None:
    entry = replace(ANNA, uid=1000, classes=("private",))
    wanted = wanted_presence(entry, LAYOUT, CLASSES)
    assert plan([Request("anna", keys=(KEY,), grant=("private",))], VIRGIN).actions == (
        MakePlaces(wanted_places(LAYOUT)),
        WriteRegistry(Registry((entry,), 1000)),
        AddAccounts(
            ("data-private", "data-shell", "dataread"), (wanted_user(entry, LAYOUT, CLASSES),)
        ),
        PlaceLimits((1000,), ()),
        MaskManagers((1000,), ()),
        MendHome("anna", 1000, wanted.home),
        WriteKeys("anna", render_keys([KEY])),
    )


def test_what_an_analyst_is() -> None:
    public, private = (
        wanted_presence(replace(ANNA, classes=classes), LAYOUT, CLASSES)
        for classes in ((), ("private",))
    )
    assert public.user == HostUser(
        "anna",
        1001,
        1001,
        "Data broker analyst",
        "/home/anna",
        "/opt/data-broker/current/venv/bin/broker-transport",
        frozenset({"dataread"}),
    )
    assert private.user is not None
    assert private.user.groups == {"dataread", "data-private"}
    views = "/data/src_data/current/views"
    assert public.home["server/parquet"].target == f"{views}/tree/parquet"
    assert private.home["server/parquet"].target == f"{views}/private/tree/parquet"
    assert private.home["server/generation"].target == f"{views}/private/tree"
    assert public.home["server"] == Node("folder", 0o755, 0, 0)
    assert public.home[""] == Node("folder", 0o750, 0, 1001)
    assert set(public.home) == {
        *("", "server", "user"),
        *("server/docs", "server/examples", "server/generation"),
        *("server/metadata", "server/parquet", "server/scripts", "server/wheels"),
        *("user/artifacts", "user/duckdb", "user/notifications"),
        *("user/parquet", "user/scripts", "user/sessions"),
    }


def test_a_host_as_asked_needs_nothing() -> None:
    assert plan([Request("anna", keys=(KEY,))], host(ANNA)).actions == ()
    assert plan([Request("anna")], host(ANNA)).actions == ()
    assert plan([], host(ANNA)).actions == ()


def ending(*keys: Key) -> tuple[Action, ...]:
    """The old key opens nothing any more, what it opened ends, and what it left is cleared."""
    home = {"": wanted_presence(ANNA, LAYOUT, CLASSES).home[""]}
    return (
        WriteKeys("anna", render_keys(keys, ending=True), ending=True),
        ChangeAccount(USER, SHUT),
        EndProcesses("anna", 1001),
        DropBits((1001,)),
        ClearOutside((("anna", 1001, "archive"),)),
        ClearHome("anna", 1001),
        MendHome("anna", 1001, home),
        ChangeAccount(SHUT, USER),
        WriteKeys("anna", render_keys(keys)),
    )


def test_another_key_replaces_the_one_before_and_ends_what_it_opened() -> None:
    entry = replace(ANNA, keys=(OTHER,))
    assert plan([Request("anna", keys=(OTHER,))], host(ANNA)).actions == (
        WriteRegistry(Registry((entry,), 1001)),
        *ending(OTHER),
    )


def test_a_revoked_key_leaves_nothing_open_wherever_a_run_is_cut_off() -> None:
    two = replace(ANNA, keys=(KEY, OTHER))
    left = (replace(KEY, revoked=True), OTHER)
    actions = plan([Request("anna", retired=(KEY.fingerprint,))], host(two)).actions
    assert actions[1:] == ending(*left)
    marked = KeyFile(render_keys(left, ending=True), 0o644, 0)
    cut = replace(wanted_presence(replace(ANNA, keys=left), LAYOUT, CLASSES), keys=marked)
    assert plan([], host(replace(ANNA, keys=left), anna=cut)).actions == ending(*left)


def test_a_key_that_is_added_or_ends_later_ends_no_session() -> None:
    more = Request("anna", added=(OTHER,), retired=("*",), until="2027-01-01T00:00:00Z")
    assert EndProcesses not in map(type, plan([more], host(ANNA)).actions)
    writable = replace(wanted_presence(ANNA, LAYOUT, CLASSES).keys, mode=0o666)
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), keys=writable)
    assert plan([], host(ANNA, anna=found)).actions == (WriteKeys("anna", render_keys([KEY])),)


@pytest.mark.parametrize("text", [None, OTHER.line, f'command="x" {OTHER.line}'])
def test_whoever_came_in_by_a_key_that_was_smuggled_in_is_put_out(text: str | None) -> None:
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), keys=KeyFile(text, 0o644, 0))
    assert plan([], host(ANNA, anna=found)).actions == ending(KEY)


def test_limits_are_those_of_analysts_and_of_nobody_else() -> None:
    leaving = replace(ANNA, name="eve", uid=1002, state="absent")
    odd = replace(host(ANNA, leaving, eve=Presence()), limited=frozenset({1000, 1002}))
    assert plan([], odd).actions[0] == PlaceLimits((1001,), (1000, 1002))


def test_granting_private_moves_group_and_links() -> None:
    entry = replace(ANNA, classes=("private",))
    old, new = wanted_presence(ANNA, LAYOUT, CLASSES), wanted_presence(entry, LAYOUT, CLASSES)
    links = {p: n for p, n in new.home.items() if old.home[p] != n}
    assert sorted(links) == [f"server/{n}" for n in ("docs", "generation", "metadata", "parquet")]
    assert plan([Request("anna", grant=("private",))], host(ANNA)).actions == (
        WriteRegistry(Registry((entry,), 1001)),
        MendHome("anna", 1001, links),
        ChangeAccount(wanted_user(ANNA, LAYOUT, CLASSES), wanted_user(entry, LAYOUT, CLASSES)),
    )


def test_revoking_private_ends_the_sessions_that_still_hold_it() -> None:
    private = replace(ANNA, classes=("private",))
    groups = frozenset({"anna", "dataread", "data-private"})
    running = replace(wanted_presence(private, LAYOUT, CLASSES), running=groups)
    actions = plan([Request("anna", revoke=("private",))], host(private, anna=running)).actions
    assert actions[1:4] == (
        ChangeAccount(wanted_user(private, LAYOUT, CLASSES), SHUT),
        EndProcesses("anna", 1001),
        DropBits((1001,)),
    )
    assert actions[-1] == ChangeAccount(SHUT, USER)
    assert ClearHome not in map(type, actions), "what they wrote stays theirs"
    stale = replace(wanted_presence(ANNA, LAYOUT, CLASSES), running=groups)
    assert plan([], host(ANNA, anna=stale)).actions[1:3] == actions[2:4]


def test_a_revocation_that_was_cut_off_is_finished_before_anybody_enters() -> None:
    cut = replace(wanted_presence(ANNA, LAYOUT, CLASSES), user=SHUT)
    assert plan([], host(ANNA, anna=cut)).actions == (
        EndProcesses("anna", 1001),
        DropBits((1001,)),
        ChangeAccount(SHUT, USER),
    )


def test_who_loses_the_shell_keeps_nothing_but_user() -> None:
    shell = replace(ANNA, **SHELL)
    before, after = (wanted_presence(one, LAYOUT, CLASSES) for one in (shell, ANNA))
    assert before.user is not None
    assert (before.user.shell, before.home[""].uid, before.masked) == ("/bin/bash", 1001, False)
    planted = replace(before, foreign=(".bashrc",))
    assert plan([], host(shell, anna=planted)).actions == (), "with a shell, that is theirs"
    assert plan([Request("anna", shell=False)], host(shell, anna=planted)).actions[1:] == (
        MaskManagers((1001,), ()),
        ChangeAccount(before.user, SHUT),
        EndProcesses("anna", 1001),
        DropBits((1001,)),
        ClearOutside((("anna", 1001, "archive"),)),
        ClearHome("anna", 1001),
        MendHome("anna", 1001, {"": after.home[""]}),
        ChangeAccount(SHUT, USER),
    )


@pytest.mark.parametrize(
    "drift",
    [
        {"foreign": (".profile",)},
        {"home": {"": Node("folder", 0o750, 1001, 1001)}},
        {"home": {"": Node("folder", 0o750, 0, 1001), "user": Node("link", target="/etc")}},
        {"home": {"": Node("folder", 0o750, 0, 1001), "server": Node("folder", 0o755, 1001, 1001)}},
    ],
)
def test_whatever_stands_in_a_home_without_a_shell_is_cleared(drift: dict[str, Any]) -> None:
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), **drift)
    assert ClearHome("anna", 1001) in plan([], host(ANNA, anna=found)).actions


def test_a_user_folder_that_is_replaced_gets_its_folders_again() -> None:
    home = {
        **wanted_presence(ANNA, LAYOUT, CLASSES).home,
        "user": Node("folder", 0o755, 1500, 1500),
    }
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), home=home)
    (mended,) = (a for a in plan([], host(ANNA, anna=found)).actions if isinstance(a, MendHome))
    assert "user/scripts" in mended.nodes


def test_removing_takes_keys_first_and_the_entry_last() -> None:
    user = wanted_user(ANNA, LAYOUT, CLASSES)
    leaving = replace(ANNA, state="absent")
    assert plan([Request("anna", state="absent")], host(ANNA)).actions == (
        WriteRegistry(Registry((leaving,), 1001)),
        RemoveKeyFile("anna"),
        ChangeAccount(user, replace(user, expired=True, groups=frozenset())),
        EndProcesses("anna", 1001),
        DropBits((1001,)),
        ClearOutside((("anna", 1001, "archive"),)),
        StoreHome("anna", 1001, "archive"),
        RemoveAccount("anna", user=True, group=True),
        PlaceLimits((), (1001,)),
        MaskManagers((), (1001,)),
        StrikeOut(Registry((leaving,), 1001), frozenset({"anna"})),
    )


def test_a_home_that_root_cannot_see_is_stored_or_cleared_all_the_same() -> None:
    """Such as one on which the analyst mounted a file system, which ends with their processes."""
    hidden = replace(wanted_presence(ANNA, LAYOUT, CLASSES), home={}, broken="anna: served")
    leaves = plan([Request("anna", state="absent")], host(ANNA, anna=hidden)).actions
    assert StoreHome("anna", 1001, "archive") in leaves
    thief = replace(hidden, keys=KeyFile(OTHER.line, 0o644, 0))
    assert ClearHome("anna", 1001) in plan([], host(ANNA, anna=thief)).actions
    gone = Presence(broken="anna: served")
    leaving = replace(ANNA, state="absent")
    assert StoreHome("anna", 1001, "archive") in plan([], host(leaving, anna=gone)).actions


def test_a_removal_that_was_cut_off_goes_on_whoever_comes_next() -> None:
    leaving = replace(ANNA, state="absent", home="delete")
    rest = Presence(group=1001, home={"": Node("folder", 0o750, 1001, 1001)})
    assert plan([], host(leaving, anna=rest)).actions == (
        DropBits((1001,)),
        ClearOutside((("anna", 1001, "delete"),)),
        StoreHome("anna", 1001, "delete"),
        RemoveAccount("anna", user=False, group=True),
        StrikeOut(Registry((leaving,), 1001), frozenset({"anna"})),
    )


def test_a_uid_is_never_given_twice() -> None:
    before = replace(host(), registry=Registry((), 1007))
    (written,) = (
        a for a in plan([Request("bob", keys=(KEY,))], before).actions if type(a) is WriteRegistry
    )
    assert written.registry.people[0].uid == 1008


def test_a_uid_that_owns_something_is_given_to_nobody() -> None:
    before = replace(host(), remains=frozenset({1000, 1001, 1003}))
    two = Request("bob", keys=(KEY,)), Request("eve", keys=(OTHER,))
    assert [entry.uid for entry in goal(two, before).people] == [1002, 1004]


def test_a_uid_is_free_as_a_gid_too() -> None:
    before = replace(VIRGIN, accounts=Accounts({"root": ROOT}, {"root": 0, "operators": 1500}))
    written = next(
        a for a in plan([Request("bob", keys=(KEY,))], before).actions if type(a) is WriteRegistry
    )
    assert written.registry.people[0].uid == 1501


@pytest.mark.parametrize(
    ("drift", "action"),
    [
        ({"keys": None}, WriteKeys),
        ({"group": None}, AddAccounts),
        ({"user": None}, AddAccounts),
        ({"user": replace(wanted_user(ANNA, LAYOUT, CLASSES), password=True)}, ChangeAccount),
        ({"user": replace(wanted_user(ANNA, LAYOUT, CLASSES), shadow=False)}, ChangeAccount),
        ({"home": {}}, MendHome),
    ],
)
def test_drift_is_mended_by_one_action(drift: dict[str, Any], action: type) -> None:
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), **drift)
    assert [type(step) for step in plan([], host(ANNA, anna=found)).actions] == [action]


def test_a_home_belongs_to_its_owner_where_the_broker_has_no_say() -> None:
    home = dict(wanted_presence(ANNA, LAYOUT, CLASSES).home)
    home["user"] = Node("folder", 0o700, 1001, 1001)
    home["user/scripts"] = Node("link", target="/elsewhere")
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), home=home)
    assert plan([], host(ANNA, anna=found)).actions == ()


def test_a_key_file_of_nobody_is_removed() -> None:
    before = replace(host(ANNA), key_files=frozenset({"anna", "root", ".anna.x1"}))
    assert plan([], before).actions == (RemoveKeyFile(".anna.x1"), RemoveKeyFile("root"))


def after(known: Person, request: Request, observed: Observed | None = None) -> Person:
    """The entry that a request makes of one that stands."""
    found = observed or host(known)
    return {e.name: e for e in goal([request], found).people}[request.name]


def test_what_was_granted_on_the_host_outlives_a_deploy() -> None:
    private = replace(ANNA, classes=("private",))
    declared = after(private, Request("anna", keys=(KEY,), origin="declared"))
    assert declared.classes == ("private",)
    assert (declared.origin, declared.declared_classes) == ("declared", ())
    assert [key.declared for key in declared.keys] == [True]
    revoked = after(declared, Request("anna", revoke=("private",)))
    assert revoked.classes == ()


def test_what_the_inventory_grants_only_the_inventory_revokes() -> None:
    granted = after(ANNA, Request("anna", grant=("private",), origin="declared"))
    assert granted.declared_classes == ("private",)
    message = refusal(host(granted), Request("anna", revoke=("private",)))
    assert "the inventory grants the class private" in message
    assert after(granted, Request("anna", origin="declared")).classes == ()


def test_any_declared_class_can_be_held_and_no_other() -> None:
    classes = Classes({**Classes().groups, "finance": "data-finance", "hr": "people"})
    observed = replace(host(ANNA), classes=classes)
    entry = after(ANNA, Request("anna", classes=("hr", "finance")), observed)
    assert wanted_user(entry, LAYOUT, classes).groups == {"dataread", "data-finance", "people"}
    links = wanted_presence(entry, LAYOUT, classes).home
    assert links["server/parquet"].target == (
        "/data/src_data/current/views/finance/hr/tree/parquet"
    )
    message = refusal(observed, Request("anna", grant=("finanse",)))
    assert "no such access class; expected finance, hr, private, public" in message
    assert "Did you mean finance?" in message
    with pytest.raises(
        AccountsError, match="still has the class finance, which is no longer declared"
    ):
        plan([], replace(host(entry), classes=classes), LAYOUT, Classes())


def test_classes_are_declared_before_anybody_holds_them() -> None:
    classes = Classes({**Classes().groups, "hr": "data-hr"})
    actions = plan([Request("anna", grant=("hr",))], host(ANNA), LAYOUT, classes).actions
    assert [type(action) for action in actions[:3]] == [WriteClasses, WriteRegistry, AddAccounts]
    assert actions[0] == WriteClasses(classes)


MORE = tuple(parse_key(public_key(name, name), where=name) for name in ("old", "spare"))


@pytest.mark.parametrize(
    ("request_", "kept"),
    [
        (Request("anna", added=(MORE[0],)), {"anna": "", "old": "", "spare": None}),
        (Request("anna", added=(MORE[0],), retired=("*",), until="2027"), {"anna": "2027"}),
        (Request("anna", retired=(KEY.fingerprint,)), {"anna": "revoked"}),
        (Request("anna", keys=(MORE[0],)), {"anna": None, "old": ""}),
        (Request("anna", keys=(MORE[0],), origin="declared"), {"anna": "", "old": ""}),
    ],
)
def test_keys_come_and_go(request_: Request, kept: dict[str, str | None]) -> None:
    states = {
        key.comment or "anna": "revoked" if key.revoked else key.until or ""
        for key in after(ANNA, request_).keys
    }
    assert {name: states.get(name) for name in kept} == kept


def test_a_revoked_key_never_comes_back() -> None:
    two = replace(ANNA, keys=(KEY, MORE[0]))
    gone = after(two, Request("anna", retired=("old",)))
    assert "old" not in str(wanted_presence(gone, LAYOUT, CLASSES).keys)
    for request in (Request("anna", added=(MORE[0],)), Request("anna", keys=(MORE[0],))):
        assert "this key was revoked" in refusal(host(gone), request)
    declared = after(gone, Request("anna", keys=(KEY, MORE[0]), origin="declared"))
    assert [key.revoked for key in declared.keys] == [False, True]


def test_a_rotation_is_repeatable_and_outlives_a_deploy() -> None:
    declared = after(ANNA, Request("anna", keys=(KEY,), origin="declared"))
    first = Request("anna", added=(MORE[0],), retired=("*",), until="2026-12-01T00:00:00Z")
    rotated = after(declared, first)
    assert after(rotated, replace(first, until="2026-12-09T00:00:00Z")) == rotated
    deployed = after(rotated, Request("anna", keys=(KEY,), origin="declared"))
    assert sorted(deployed.keys, key=repr) == sorted(rotated.keys, key=repr)
    rendered = wanted_presence(deployed, LAYOUT, CLASSES).keys
    assert rendered is not None
    assert f'expiry-time="20261201000000Z" {KEY.line}' in str(rendered.text).splitlines()


def test_a_label_must_name_one_key() -> None:
    two = replace(ANNA, keys=(KEY, MORE[0], replace(MORE[1], comment="old")))
    for label, message in (("new", "there is no such key"), ("old", "this names several keys")):
        assert message in refusal(host(two), Request("anna", retired=(label,)))


def test_an_account_that_was_remade_by_hand_loses_key_file_and_limits_and_nothing_else() -> None:
    remade = replace(wanted_user(ANNA, LAYOUT, CLASSES), uid=1500)
    found = replace(wanted_presence(ANNA, LAYOUT, CLASSES), user=remade)
    left = (RemoveKeyFile("anna"), PlaceLimits((), (1001,)), MaskManagers((), (1001,)))
    assert plan([], host(ANNA, anna=found)).actions == left
    for state in ("present", "absent"):
        sentence = refusal(host(ANNA, anna=found), Request("anna", state=state))
        assert "uid 1500 instead of 1001" in sentence


class TestRefusals:
    """Each is one sentence that names the place and the remedy, and comes before any change."""

    @pytest.mark.parametrize(
        ("presence", "message"),
        [
            (Presence(user=replace(ROOT, name="anna", uid=107)), "a system account with uid 107"),
            (Presence(user=replace(ROOT, name="anna", uid=1500)), "uid 1500 that the data broker"),
            (Presence(group=1500), "a group with gid 1500"),
            (Presence(home={"": Node("folder", 0o755, 0, 0)}), "left by another account"),
        ],
    )
    def test_a_name_that_is_taken(self, presence: Presence, message: str) -> None:
        sentence = refusal(host(anna=presence), Request("anna", keys=(KEY,)))
        assert sentence.startswith("analyst 'anna': this name is taken on the host")
        assert message in sentence

    def test_a_new_analyst_without_a_key(self) -> None:
        assert "needs a key" in refusal(host(), Request("anna"))

    def test_somebody_who_is_leaving_comes_back_with_a_key_alone(self) -> None:
        before = host(replace(ANNA, state="absent"))
        assert "needs a key" in refusal(before, Request("anna"))
        assert plan([Request("anna", keys=(OTHER,))], before).actions[-1] == WriteKeys(
            "anna", render_keys([OTHER])
        )

    def test_the_same_key_for_two(self) -> None:
        sentence = refusal(host(ANNA), Request("bob", keys=(OTHER, KEY)))
        assert "the same key is given for 'anna' and 'bob'" in sentence
        assert KEY.fingerprint in sentence
        assert KEY.line.split()[1] not in sentence

    def test_a_key_is_free_once_its_owner_leaves(self) -> None:
        gone = replace(ANNA, state="absent")
        assert plan([Request("bob", keys=(KEY,))], host(gone)).actions

    def test_one_name_twice(self) -> None:
        twice = Request("anna", keys=(KEY,)), Request("anna", keys=(OTHER,))
        assert "names this person 2 times" in refusal(host(), *twice)

    def test_an_account_of_somebody_else_is_not_removed(self) -> None:
        theirs = Presence(user=replace(ROOT, name="anna", uid=1500))
        sentence = refusal(host(anna=theirs), Request("anna", state="absent"))
        assert "not made by the data broker" in sentence

    def test_a_full_disk(self) -> None:
        full = replace(host(ANNA), free_bytes=4096)
        assert "too full to add 1" in refusal(full, Request("bob", keys=(OTHER,)))
        assert plan([Request("anna", state="absent")], full).actions

    def test_no_uid_left(self) -> None:
        full = replace(VIRGIN, accounts=Accounts({}, {}, (1000, 1001)))
        two = Request("anna", keys=(KEY,)), Request("bob", keys=(OTHER,))
        assert plan(two, full).actions
        third = Request("eve", keys=(parse_key(public_key("eve"), where="eve"),))
        assert "no uid is free" in refusal(full, *two, third)
