"""The whole way, on a host in a folder."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.manage import Outcome, converge, list_analysts
from broker.accounts.planning.planner import plan
from broker.accounts.records.host import Accounts
from broker.accounts.records.model import parse_request
from broker.accounts.records.node import Node
from broker.accounts.records.paths import HostPaths
from broker.errors import AccountsError, BrokerError, LockedError
from broker.files import lock

from .conftest import Ask
from .scratch import ScratchSystem, make_root, public_key, snapshot

KEY = public_key("anna", "anna@laptop")
SHELL = {"shell": True}


def test_four_runs_check_real_check_real(layout: HostPaths, ask: Ask) -> None:
    before = snapshot(layout.root)
    checked = ask("anna", KEY, private=True, email="anna@example.com", check=True)
    assert snapshot(layout.root) == before
    done = ask("anna", KEY, private=True, email="anna@example.com")
    assert checked == done
    assert done.changed
    after = snapshot(layout.root)
    assert not ask("anna", KEY, private=True, email="anna@example.com", check=True).changed
    assert snapshot(layout.root) == after
    again = ask("anna", KEY, private=True, email="anna@example.com")
    assert (again.changed, again.before, again.after) == (False, {}, {})
    assert again.people == done.people
    assert snapshot(layout.root) == after


def test_what_stands_after_an_add(layout: HostPaths, system: ScratchSystem, ask: Ask) -> None:
    ask("anna", KEY, private=True)
    home = layout.root / "home/anna"
    assert (home / "server/parquet").readlink() == Path(
        "/data/src_data/current/views/private/tree/parquet"
    )
    assert sorted(path.name for path in (home / "user").iterdir()) == [
        *("artifacts", "duckdb", "notifications", "parquet", "scripts", "sessions")
    ]
    file = layout.root / "etc/data-broker/authorized_keys/anna"
    assert file.read_text().splitlines()[1:] == [KEY]
    assert file.stat().st_mode & 0o7777 == 0o644
    registry = layout.root / "etc/data-broker/analysts.json"
    assert registry.stat().st_mode & 0o7777 == 0o600
    assert system.accounts().users["anna"].groups == {"dataread", "data-private"}
    assert [row["host"] for row in list_analysts(Host(layout, system))] == ["ok"]


def test_another_key_and_a_revocation(layout: HostPaths, system: ScratchSystem, ask: Ask) -> None:
    first = ask("anna", KEY, private=True).people[0]
    system.groups_of[first["uid"]] = frozenset({first["uid"], 900})
    second = ask("anna", public_key("new"), private=False)
    assert second.before["anna"]["account"]["groups"] == ["data-private", "dataread"]
    assert second.after["anna"]["account"]["groups"] == ["dataread"]
    assert set(system.ended) == {first["uid"]}
    target = (layout.root / "home/anna/server/docs").readlink()
    assert str(target) == "/data/src_data/current/views/tree/docs"
    file = layout.root / "etc/data-broker/authorized_keys/anna"
    assert file.read_text().splitlines()[1:] == [public_key("new")]


def test_a_uid_that_is_another_accounts_by_now_is_left_alone(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    uid = ask("anna", KEY).people[0]["uid"]
    now = system.accounts()
    other = replace(now.users["anna"], name="alice", gecos="", home="/home/alice")
    groups = {name: number for name, number in now.groups.items() if name != "anna"}
    system.write({"alice": other}, {**groups, "alice": uid})  # userdel anna; useradd alice
    system.groups_of[uid] = frozenset({uid})
    assert [row["host"] for row in list_analysts(Host(layout, system))] == ["taken"]
    ask("bob", public_key("bob"))
    assert {*system.accounts().users} == {"alice", "bob"}
    assert not (layout.root / "etc/data-broker/authorized_keys/anna").exists()
    for more in ({"state": "absent"}, {"private": True}):
        with pytest.raises(AccountsError, match=rf"and the account 'alice' with uid {uid}"):
            ask("anna", **more)
    assert system.ended == []


def test_what_is_left_out_stays(ask: Ask) -> None:
    ask("anna", KEY, private=True, email="anna@example.com")
    assert not ask("anna").changed
    kept = ask("anna", public_key("new")).people[0]
    assert (kept["private"], kept["email"]) == (True, "anna@example.com")


def test_removing_archives_the_home(layout: HostPaths, system: ScratchSystem, ask: Ask) -> None:
    uid = ask("anna", KEY).people[0]["uid"]
    (layout.root / "home/anna/user/scripts/mine.py").write_text("print(1)")
    outcome = ask("anna", state="absent")
    assert outcome.before["anna"]["home"].startswith("folder 0750")
    assert outcome.after["anna"] == {
        "account": None,
        "entry": None,
        "home": "archived",
        "keys": None,
        "limits": None,
        "user units": None,
    }
    kept = layout.root / f"home/.data-broker-archive/anna-{uid}"
    assert (kept / "user/scripts/mine.py").read_text() == "print(1)"
    assert kept.stat().st_mode & 0o7777 == 0o700
    assert not (layout.root / "home/anna").exists()
    assert not (layout.root / "etc/data-broker/authorized_keys/anna").exists()
    assert "anna" not in system.accounts().users
    assert list_analysts(Host(layout, system)) == []
    assert not ask("anna", state="absent").changed
    assert ask("anna", KEY).people[0]["uid"] == uid + 1


def test_removing_can_delete_the_home(layout: HostPaths, ask: Ask) -> None:
    ask("anna", KEY)
    assert ask("anna", state="absent", home="delete").after["anna"]["home"] == "deleted"
    assert not (layout.root / "home/anna").exists()
    assert list((layout.root / "home/.data-broker-archive").iterdir()) == []


def test_one_refusal_refuses_all(layout: HostPaths, system: ScratchSystem) -> None:
    before = snapshot(layout.root)
    requests = [
        parse_request("anna", keys=[KEY]),
        parse_request("operators", keys=[public_key("operators")]),
    ]
    with pytest.raises(AccountsError, match="a group with gid 1500"):
        converge(requests, Host(layout, system))
    after = snapshot(layout.root)
    after.pop("run/data-broker-accounts.lock")
    assert {path for path in after if after[path][2] != before[path][2]} == set()


def test_accounts_that_root_cannot_write_are_refused_before_anything_changes(
    layout: HostPaths, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, access = snapshot(layout.root), os.access
    shadow = layout.root / "etc/shadow"
    monkeypatch.setattr(os, "access", lambda path, mode: path != shadow and access(path, mode))
    for check in (True, False):
        with pytest.raises(BrokerError, match="cannot be written, by root either") as caught:
            ask("anna", KEY, check=check)
        assert f"chattr -i {shadow}" in str(caught.value)
    after = snapshot(layout.root)
    after.pop("run/data-broker-accounts.lock")
    assert after.keys() == before.keys()


def test_what_changes_no_account_needs_no_file_of_accounts(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask("anna", KEY)
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)
    assert ask("anna", email="anna@example.com").changed
    with pytest.raises(BrokerError, match="cannot be written, by root either"):
        ask("anna", private=True)


@pytest.mark.parametrize("text", ['ID=ubuntu\nPRETTY_NAME="Ubuntu 24.04"\n', "", None])
def test_another_system_is_refused(layout: HostPaths, ask: Ask, text: str | None) -> None:
    release = layout.root / "etc/os-release"
    release.unlink() if text is None else release.write_text(text)
    with pytest.raises(AccountsError, match="runs only on Debian") as caught:
        ask("anna", KEY)
    assert ("Ubuntu 24.04" in str(caught.value)) == bool(text)
    assert not (layout.root / "etc/data-broker").exists()


def test_drift_is_shown_and_mended(layout: HostPaths, system: ScratchSystem, ask: Ask) -> None:
    ask("anna", KEY)
    ask("bob", public_key("bob"))
    file = layout.root / "etc/data-broker/authorized_keys/anna"
    file.write_text(f'{KEY}\ncommand="x" {public_key("eve")}\n')
    file.chmod(0o666)
    system.edit("anna", groups=frozenset({"dataread", "root"}), gecos="Anna")
    (layout.root / "home/anna").chmod(0o755)
    (layout.root / "home/anna/server/extra").symlink_to("/etc")
    (layout.root / "home/anna/user/duckdb").rmdir()
    (layout.root / "etc/data-broker/authorized_keys").chmod(0o777)
    assert [row["host"] for row in list_analysts(Host(layout, system))] == ["drift", "ok"]

    shown = ask("bob", check=True)
    assert set(shown.before) == {"anna", "files and folders"}
    assert shown.before["anna"]["keys"][1:] == [
        "1 lines that the broker did not write",
        "mode 0666, owner 0",
    ]
    assert shown.before["anna"]["account"]["groups"] == ["dataread", "root"]
    assert shown.before["anna"]["home"] == {
        "itself": "folder 0755 of 0:1501",
        "server/extra": "-> /etc",
        "user/duckdb": None,
    }
    assert ask("bob").changed
    assert not ask("bob").changed
    assert [row["host"] for row in list_analysts(Host(layout, system))] == ["ok", "ok"]
    assert file.read_text().splitlines()[1:] == [KEY]


def test_a_diff_holds_no_bytes_of_a_key(ask: Ask) -> None:
    body = KEY.split()[1]
    outcome = ask("anna", KEY)
    assert body not in json.dumps([outcome.before, outcome.after, outcome.actions])
    outcome = ask("anna", public_key("new"))
    assert body not in json.dumps([outcome.before, outcome.after, outcome.actions])


def test_a_lost_list_is_rebuilt_from_the_host(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    ask("anna", KEY, private=True, email="anna@example.com")
    ask("bob", public_key("bob"))
    registry = layout.root / "etc/data-broker/analysts.json"
    before = json.loads(registry.read_text())
    registry.unlink()
    assert converge([], Host(layout, system)).changed
    after = json.loads(registry.read_text())
    before["analysts"][0]["email"] = None
    assert after == before


def test_an_unreadable_list_stops_everything(layout: HostPaths, ask: Ask) -> None:
    ask("anna", KEY)
    (layout.root / "etc/data-broker/analysts.json").write_text("{")
    before = snapshot(layout.root)
    with pytest.raises(BrokerError, match="nothing was changed"):
        ask("anna", state="absent")
    assert snapshot(layout.root) == before


def test_two_at_once_wait_for_each_other(layout: HostPaths) -> None:
    """Twelve operators, each with an own view of the host: all are met, none is lost."""
    errors: list[BaseException] = []

    def operator(number: int) -> None:
        try:
            request = parse_request(f"a{number}", keys=[public_key(number)])
            converge([request], Host(layout, ScratchSystem(layout.root)))
        except BaseException as error:  # the test's own thread reports it
            errors.append(error)

    threads = [threading.Thread(target=operator, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    rows = list_analysts(Host(layout, ScratchSystem(layout.root)))
    assert len({row["uid"] for row in rows}) == 12
    assert {row["host"] for row in rows} == {"ok"}


def test_patience_ends(layout: HostPaths, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("broker.accounts.manage._PATIENCE_SECONDS", 0.0)
    with (
        lock(layout.at(layout.lock), purpose="a test"),
        pytest.raises(LockedError, match="busy with changing analysts"),
    ):
        ask("anna", KEY)


def test_a_tool_that_lies_is_noticed(
    system: ScratchSystem, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system, "add", lambda *_: None)
    with pytest.raises(
        BrokerError, match=r"does not have all changes that were just made.*make group"
    ):
        ask("anna", KEY)


def test_a_write_that_fails_is_told_in_one_line(layout: HostPaths, ask: Ask) -> None:
    (layout.root / "var/lib/data-broker").symlink_to("/nowhere")
    with pytest.raises(BrokerError, match="could not make or mend /etc/data-broker") as caught:
        ask("anna", KEY)
    assert str(caught.value).isprintable()
    assert caught.value.exit_code == 1


def test_a_look_that_fails_is_told_in_one_line(layout: HostPaths, ask: Ask) -> None:
    (layout.root / "etc/data-broker").write_text("in the way")
    with pytest.raises(
        BrokerError, match=r"data-broker/[a-z_]+\.json: the accounts of the host cannot be read"
    ):
        ask("anna", KEY)


def test_a_look_needs_root(
    layout: HostPaths, system: ScratchSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_root(names: object) -> Accounts:
        raise PermissionError(13, "Permission denied", f"/etc/shadow of {names}")

    monkeypatch.setattr(system, "accounts", not_root)
    with pytest.raises(BrokerError, match="only root may manage accounts"):
        list_analysts(Host(layout, system))


class TestHostileHomes:
    """Whoever owns a home may put there what they like, while root works in it."""

    @pytest.fixture
    def home(self, layout: HostPaths, ask: Ask) -> Path:
        ask("anna", KEY, **SHELL)
        return layout.root / "home/anna"

    def test_a_link_in_place_of_a_folder_is_not_followed(
        self, layout: HostPaths, ask: Ask, home: Path
    ) -> None:
        victim = layout.root / "var/lib/victim"
        victim.mkdir(mode=0o700)
        for name in ("server", "user"):
            (home / name).rename(home / f"my-{name}")
            (home / name).symlink_to(victim)
        assert ask("anna").changed
        assert list(victim.iterdir()) == []
        assert victim.stat().st_mode & 0o7777 == 0o700
        assert (home / "server.aside-1").readlink() == victim
        assert (home / "server").is_dir()
        assert not (home / "server").is_symlink()
        assert not ask("anna").changed

    def test_a_folder_of_theirs_in_place_of_ours_is_moved_aside(
        self, system: ScratchSystem, ask: Ask, home: Path
    ) -> None:
        (home / "server").rename(home / "away")
        (home / "server").mkdir()
        (home / "server/parquet").symlink_to("/etc/shadow")
        system.give(home / "server", 1501)
        assert ask("anna").changed
        assert (home / "server.aside-1/parquet").readlink() == Path("/etc/shadow")
        assert (home / "server/parquet").readlink().is_relative_to("/data")
        assert not ask("anna").changed

    def test_a_file_in_place_of_a_link_is_replaced(self, ask: Ask, home: Path) -> None:
        for name in ("docs", "parquet"):
            (home / "server" / name).unlink()
        (home / "server/docs").write_text("mine")
        (home / "server/parquet").mkdir()
        assert ask("anna").changed
        assert (home / "server/docs").is_symlink()
        assert (home / "server/parquet").is_symlink()
        assert not ask("anna").changed

    def test_what_they_do_in_their_own_folders_is_theirs(self, ask: Ask, home: Path) -> None:
        (home / "user").chmod(0o700)
        (home / "user/scripts").rmdir()
        (home / "user/scripts").symlink_to("/etc")
        (home / "user/duckdb").chmod(0o777)
        assert not ask("anna").changed

    def test_a_home_that_is_a_link_is_refused(
        self, layout: HostPaths, ask: Ask, home: Path
    ) -> None:
        home.rename(layout.root / "home/away")
        home.symlink_to("/etc")
        for state in ("present", "absent"):
            with pytest.raises(AccountsError, match="a home that is not a folder of uid"):
                ask("anna", state=state)

    def test_a_home_is_copied_whole_where_it_cannot_be_renamed(
        self, layout: HostPaths, ask: Ask, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        os.mkfifo(home / "user/pipe")
        (home / "user/loop").symlink_to("/")
        (layout.root / "home/.data-broker-archive/.anna-1501.partial/old").mkdir(parents=True)
        real = Path.rename

        def other_file_system(self: Path, target: Path) -> Path:
            if self == home:
                raise OSError(18, "Invalid cross-device link")
            return real(self, target)

        monkeypatch.setattr(Path, "rename", other_file_system)
        ask("anna", state="absent")
        kept = layout.root / "home/.data-broker-archive/anna-1501"
        assert (kept / "user/pipe").is_fifo()
        assert (kept / "user/loop").is_symlink()
        assert not (kept / "old").exists()
        assert not home.exists()


def test_a_second_home_of_one_uid_is_kept_beside_the_first(layout: HostPaths, ask: Ask) -> None:
    ask("anna", KEY)
    archive = layout.root / "home/.data-broker-archive"
    (archive / "anna-1501").mkdir()
    ask("anna", state="absent")
    assert sorted(path.name for path in archive.iterdir()) == ["anna-1501", "anna-1501.2"]


def test_an_account_in_the_place_of_an_analyst_is_told(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    ask("anna", KEY)
    ask("bob", public_key("bob"))
    system.edit("anna", uid=1777)
    assert [row["host"] for row in list_analysts(Host(layout, system))] == ["taken", "ok"]
    assert ask("bob").changed
    assert [path.name for path in layout.at(layout.keys).iterdir()] == ["bob"]
    assert not ask("bob").changed


def test_observing_and_planning_need_no_registry_of_names(
    layout: HostPaths, system: ScratchSystem, ask: Ask
) -> None:
    ask("anna", KEY)
    seen = observe(Host(layout, system))
    assert set(seen.presences) == {"anna"}
    assert plan([], seen, layout).actions == ()
    odd = replace(seen, places={**seen.places, str(layout.registry): Node("file", 0o644, 0, 0)})
    assert [str(action) for action in plan([], odd, layout).actions] == [
        "write the list of analysts"
    ]


def test_a_host_in_a_folder_is_virgin(tmp_path: Path) -> None:
    layout = make_root(tmp_path / "other")
    assert converge([], Host(layout, ScratchSystem(layout.root))).actions == ()


@pytest.mark.parametrize("made", ["pipe", "folder", "link", "deep", "huge", "number"])
def test_whatever_the_service_makes_of_its_list_of_views_people_are_removed(
    layout: HostPaths, system: ScratchSystem, ask: Ask, made: str
) -> None:
    layout.at(layout.program).parent.mkdir(parents=True, exist_ok=True)
    layout.at(layout.program).touch()
    ask("anna", KEY)
    path = layout.at(layout.audiences)
    path.parent.mkdir(parents=True, exist_ok=True)
    if made == "pipe":
        os.mkfifo(path)
    elif made == "folder":
        path.mkdir()
    elif made == "link":
        path.symlink_to("/dev/zero")
    else:
        path.write_text("[" * 100_000 if made == "deep" else "1")
        os.truncate(path, 1 << 40 if made == "huge" else path.stat().st_size)
    assert ask("anna", state="absent").changed
    assert "anna" not in system.accounts().users


BEFORE = {
    "bob": {"entry": {"classes": [], "keys": ["K1"], "email": "b@x"}},
    "eve": {"entry": {"classes": [], "keys": []}, "account": {}},
    "kim": {"keys": ["mode 0666"]},
    "files and folders": {"/etc/data-broker": None},
}
AFTER = {
    "anna": {"entry": {"classes": ["hr"], "keys": ["K2"]}},
    "bob": {"entry": {"classes": ["hr"], "keys": ["K1"], "email": "b@x"}},
    "eve": {"home": "archived"},
    "kim": {"keys": ["mode 0644"]},
    "files and folders": {"/etc/data-broker": "folder"},
}


def test_the_audit_log_names_who_is_added_changed_removed_and_mended() -> None:
    changes = Outcome((), BEFORE, AFTER, ()).recorded
    assert {(one.action, one.subject): dict(one.detail) for one in changes} == {
        ("analyst.add", "anna"): {"after": {"classes": ["hr"], "keys": ["K2"]}},
        ("analyst.change", "bob"): {"before": {"classes": []}, "after": {"classes": ["hr"]}},
        ("analyst.remove", "eve"): {"before": {"classes": [], "keys": []}},
        ("analyst.mend", "kim"): {"mended": ["keys"]},
        ("host.mend", None): {"mended": ["/etc/data-broker"]},
    }
    assert Outcome(("end bob",), {}, {}, ()).recorded[0].detail == {"actions": ["end bob"]}
