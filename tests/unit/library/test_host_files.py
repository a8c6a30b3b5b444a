"""The module for files: what it makes, what it refuses, what it shows and what it leaves alone."""

from __future__ import annotations

import errno
import grp
import os
import pwd
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import Call, load
from .documentation import documented_options, plain, spec_of

OWN = {
    "owner": pwd.getpwuid(os.geteuid()).pw_name,
    "group": grp.getgrgid(os.getegid()).gr_name,
}


@pytest.fixture
def ensure(call_module: Callable[[ModuleType], Call]) -> Call:
    return call_module(load("host_files"))


@pytest.fixture
def described(tmp_path: Path) -> dict[str, Any]:
    folder = tmp_path / "etc"
    return {
        "folders": [
            {"path": str(folder), "mode": "0750", **OWN},
            {"path": str(folder / "secrets"), "mode": "0700", "only": True, **OWN},
        ],
        "files": [
            {"path": str(folder / "greeting"), "content": "grüezi\r\n", "mode": "0640", **OWN},
            {"path": str(folder / "secrets/token"), "content": "t", "mode": "0600", **OWN},
        ],
        "links": [{"path": str(folder / "link"), "target": "greeting"}],
        "absent": [str(tmp_path / "old")],
    }


def test_the_documentation_is_the_argument_spec() -> None:
    module = load("host_files")
    assert spec_of(documented_options(module)["doc"]["options"]) == plain(module.ARGUMENT_SPEC)


def test_four_runs_check_real_check_real(
    ensure: Call, described: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "old/below").mkdir(parents=True)
    checked = ensure(check=True, **described)
    assert checked["changed"] is True
    assert (tmp_path / "old/below").is_dir()
    assert not (tmp_path / "etc").exists()

    umask = os.umask(0o077)
    done = ensure(**described)
    os.umask(umask)
    assert (done["written"], done["diff"]) == (checked["written"], checked["diff"])
    modes = {path.name: path.lstat().st_mode & 0o7777 for path in (tmp_path / "etc").rglob("*")}
    assert modes == {"greeting": 0o640, "secrets": 0o700, "token": 0o600, "link": 0o777}
    assert (tmp_path / "etc").stat().st_mode & 0o7777 == 0o750
    assert (tmp_path / "etc/link").read_bytes() == "grüezi\r\n".encode()
    assert not (tmp_path / "old").exists()

    for check in (True, False):
        assert ensure(check=check, **described)["changed"] is False


def test_drift_shows_and_is_mended(ensure: Call, described: dict[str, Any], tmp_path: Path) -> None:
    ensure(**described)
    folder = tmp_path / "etc"
    folder.chmod(0o2755)
    (folder / "greeting").write_text("hello\n")
    (folder / "secrets/token").chmod(0o666)
    (folder / "secrets/forgotten").touch()
    (folder / "link").unlink()
    (folder / "link").symlink_to("elsewhere")
    drift = ensure(check=True, **described)
    assert ensure(**described)["diff"] == drift["diff"]
    shown = [(one["before_header"], one["before"], one["after"]) for one in drift["diff"]]
    shown = [(Path(path).name, *texts) for path, *texts in shown]
    assert shown == [
        ("etc", "mode: '2755'\n", "mode: '0750'\n"),
        ("greeting", "hello\n", "grüezi\r\n"),
        ("token", "mode: '0666'\nt", "mode: '0600'\nt"),
        ("link", "target: elsewhere\n", "target: greeting\n"),
        ("forgotten", "state: file\n", ""),
    ]
    assert ensure(**described)["changed"] is False


def test_a_file_that_is_made_once_keeps_what_others_wrote(ensure: Call, tmp_path: Path) -> None:
    once = {"path": str(tmp_path / "once"), "content": "", "once": True, **OWN}
    assert ensure(files=[once])["changed"] is True
    (tmp_path / "once").write_text("theirs")
    (tmp_path / "once").chmod(0o600)
    assert ensure(files=[once])["changed"] is False
    assert (tmp_path / "once").read_text() == "theirs"
    assert ensure(files=[once | {"state": "absent"}])["written"] == [str(tmp_path / "once")]
    assert ensure(files=[once | {"state": "absent"}])["changed"] is False


def test_a_link_in_the_place_of_a_file_is_replaced_and_what_it_leads_to_is_kept(
    ensure: Call, tmp_path: Path
) -> None:
    (tmp_path / "theirs").write_text("theirs")
    (tmp_path / "ours").symlink_to("theirs")
    ensure(files=[{"path": str(tmp_path / "ours"), "content": "ours", **OWN}])
    assert not (tmp_path / "ours").is_symlink()
    assert (tmp_path / "theirs").read_text() == "theirs"
    (tmp_path / "same").symlink_to("ours")  # the very text and rights that are asked for
    ensure(files=[{"path": str(tmp_path / "same"), "content": "ours", **OWN}])
    assert not (tmp_path / "same").is_symlink()
    (tmp_path / "data").symlink_to(tmp_path)
    assert ensure(absent=[str(tmp_path / "data")])["changed"] is True
    assert (tmp_path / "theirs").read_text() == "theirs"


def test_a_folder_on_another_disk_may_be_behind_a_link(ensure: Call, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "data").symlink_to("disk")
    folder = {"path": str(tmp_path / "data"), "mode": "0710", **OWN}
    assert ensure(folders=[folder])["changed"] is True
    assert (tmp_path / "disk").stat().st_mode & 0o7777 == 0o710
    assert (tmp_path / "data").is_symlink()


@pytest.mark.parametrize(
    ("described", "words"),
    [
        ({"folders": [{"path": "a", **OWN}]}, "a is not a folder"),
        ({"files": [{"path": "b", "content": "", **OWN}]}, "b is a folder, not a file"),
        ({"links": [{"path": "b", "target": "a"}]}, "b is a folder, not a link"),
        ({"files": [{"path": "a", "content": "", "owner": "nobody-here"}]}, "no account nobody-h"),
        ({"folders": [{"path": "b", "group": "no-group", "owner": OWN["owner"]}]}, "no group no-"),
        (
            {"files": [{"path": "a", "content": "new", **OWN}], "validate": ["false"]},
            "a: false refuses it: no output",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    described: dict[str, Any],
    words: str,
    ensure: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    module = load("host_files")
    monkeypatch.setattr(
        module.AnsibleModule, "run_command", lambda _, command: (command[1].endswith("/a"), "", "")
    )
    (tmp_path / "a").write_text("as it was")
    (tmp_path / "b").mkdir()
    first = {"path": "first", "content": "", **OWN}
    call = described | {"files": [first, *described.get("files", [])]}
    refused = ensure(**call)
    assert words in refused["msg"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "host") == ["a", "b"]
    assert (tmp_path / "a").read_text() == "as it was"


def test_what_the_system_refuses_is_reported_with_its_path(ensure: Call, tmp_path: Path) -> None:
    path = tmp_path / "gone" / "file"
    refused = ensure(files=[{"path": str(path), "content": "", **OWN}])
    assert refused["msg"] == f"{path}: No such file or directory"


def test_what_waits_is_in_force_when_it_is_taken_and_not_before(
    ensure: Call, tmp_path: Path
) -> None:
    place, other, link = tmp_path / "settings", tmp_path / "untouched", tmp_path / "current"
    place.write_text("old\n")
    new = {"path": str(place), "content": "new\n", "mode": "0640", "later": True, **OWN}
    assert ensure(check=True, files=[new])["written"] == [str(place)]
    assert ensure(files=[new])["written"] == [str(place)]
    assert place.read_text() == "old\n"
    (waiting,) = tmp_path.glob(".settings*")
    assert waiting.stat().st_mode & 0o777 == 0o640
    switch = {
        "taken": [str(place), str(other)],
        "links": [{"path": str(link), "target": "releases/2"}],
    }
    assert ensure(**switch)["written"] == [str(place), str(link)]
    assert (place.read_text(), place.stat().st_mode & 0o777) == ("new\n", 0o640)
    assert str(link.readlink()) == "releases/2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "host", "settings"]
    for call in ({"files": [new]}, switch):
        assert ensure(**call)["changed"] is False


def test_a_folder_of_files_that_wait_loses_the_others_once_they_are_taken(
    ensure: Call, tmp_path: Path
) -> None:
    """As a deploy has it of metrics: the old ones stay in force until the switch."""
    place = tmp_path / "metrics"
    folder = {"path": str(place), "mode": "0750", **OWN}
    place.mkdir(mode=0o750)
    (place / "old.yml").write_text("old")
    (place / ".gone.yml.next").write_text("left by a play that was cut off")
    new = {"path": str(place / "new.yml"), "content": "new", "mode": "0640", **OWN}
    written = ensure(folders=[folder], files=[{**new, "later": True}])["written"]
    assert [path.name for path in place.glob("*.yml")] == ["old.yml"]
    ensure(taken=written)
    assert sorted(path.name for path in place.glob("*.yml")) == ["new.yml", "old.yml"]
    tidy = {"folders": [{**folder, "only": True}], "files": [{**new, "once": True}]}
    assert len(ensure(**tidy)["written"]) == 2
    assert [path.name for path in place.iterdir()] == ["new.yml"]
    for call in ({"folders": [folder], "files": [{**new, "later": True}]}, tidy):
        assert ensure(**call)["changed"] is False


def test_what_a_play_that_was_cut_off_left_waiting_is_not_taken_by_the_next(
    ensure: Call, tmp_path: Path
) -> None:
    place = tmp_path / "settings"
    item = {"path": str(place), "content": "first\n", "later": True, **OWN}
    ensure(files=[item])
    assert not place.exists()
    ensure(files=[{**item, "content": "second\n"}])
    ensure(taken=[str(place)])
    assert place.read_text() == "second\n"
    ensure(files=[{**item, "content": "third\n"}])  # and then the operator goes back
    assert ensure(files=[{**item, "content": "second\n"}])["changed"] is True
    assert ensure(taken=[str(place)])["changed"] is False
    assert place.read_text() == "second\n"


def test_what_must_follow_a_change_is_owed_until_it_was_done(
    ensure: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was written says nothing of whether anybody was told to read it."""
    commands: list[list[str]] = []
    ends = [(1, "", "no room\n"), (0, "", "")]

    def run(_module: Any, command: list[str]) -> tuple[int, str, str]:
        commands.append(command)
        return ends[len(commands) - 1]

    monkeypatch.setattr(load("host_files").AnsibleModule, "run_command", run)
    place, command = tmp_path / "unit", ["systemctl", "daemon-reload"]
    wanted = {"files": [{"path": str(place), "content": "new\n", **OWN}], "follow": command}
    assert "systemctl daemon-reload: no room" in ensure(**wanted)["msg"]
    assert place.read_text() == "new\n"
    checked = ensure(check=True, **wanted)
    assert (checked["changed"], checked["written"], commands) == (True, [], [command])
    assert "systemctl daemon-reload" in checked["diff"][0]["after_header"]
    assert ensure(**wanted)["changed"] is True
    assert commands == [command, command]
    for check in (True, False):
        assert ensure(check=check, **wanted)["changed"] is False
    assert commands == [command, command]


@pytest.mark.parametrize("refused", ["symlink", "open"])
def test_what_a_full_disk_or_the_host_refuses_comes_before_the_first_rename(
    refused: str, ensure: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new configuration would be in force with the old release."""
    program, settings, link = (tmp_path / name for name in ("program", "settings", "current"))
    switch = {
        "files": [{"path": str(program), "content": "new\n", **OWN}],
        "taken": [str(settings)],
        "links": [{"path": str(link), "target": "releases/2"}],
    }
    for path in (program, settings):
        path.write_text("old\n")
    link.symlink_to("releases/1")
    ensure(files=[{"path": str(settings), "content": "new\n", "later": True, **OWN}])
    before = sorted(tmp_path.iterdir())
    call = getattr(os, refused)

    def refuse(path: Any, *more: Any, **named: Any) -> Any:
        if refused == "symlink":
            raise OSError(errno.ENOSPC, "No space left on device")
        if str(path) == str(settings) and more[0] & os.O_WRONLY:  # as root, of an immutable file
            raise OSError(errno.EPERM, "Operation not permitted")
        return call(path, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(os, refused, refuse)
        message = ensure(**switch)["msg"]
    assert message.startswith(
        f"{link}: No space left" if refused == "symlink" else f"{settings}: Operation not permitted"
    )
    assert ("chattr -ia" in message) == (refused == "open")
    assert (program.read_text(), settings.read_text()) == ("old\n", "old\n")
    assert str(link.readlink()) == "releases/1"
    assert sorted(tmp_path.iterdir()) == before
    assert ensure(**switch)["written"] == [str(program), str(settings), str(link)]
    assert (program.read_text(), settings.read_text()) == ("new\n", "new\n")
    assert str(link.readlink()) == "releases/2"


def test_a_switch_waits_for_the_disk_only_once_all_is_in_its_place(
    ensure: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut while it waits would leave the one configuration with the other release."""
    places = [tmp_path / name for name in ("settings", "tables")]
    for place in places:
        ensure(files=[{"path": str(place), "content": "new\n", "later": True, **OWN}])
    done: list[str] = []
    replace, fsync = os.replace, os.fsync

    def note_replace(old: Any, new: Any, **more: Any) -> None:
        replace(old, new, **more)
        done.append(Path(new).name)

    def note_fsync(descriptor: int) -> None:
        fsync(descriptor)
        done.append("wait")

    monkeypatch.setattr(os, "replace", note_replace)
    monkeypatch.setattr(os, "fsync", note_fsync)
    link = tmp_path / "current"
    switch = {"taken": [*map(str, places)], "links": [{"path": str(link), "target": "releases/2"}]}
    assert ensure(**switch)["changed"] is True
    assert done == ["settings", "tables", "current", "wait"]
