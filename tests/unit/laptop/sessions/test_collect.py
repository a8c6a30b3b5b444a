"""What stands in ``user/sessions/`` afterwards."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from broker.errors import LaptopError
from broker.laptop.sessions import copy
from broker.laptop.sessions.collect import collect, kept_names
from broker.laptop.sessions.ledger import read_ledger
from broker.laptop.sessions.private import add_private, read_private
from broker.laptop.workspace import Workspace

from .sessions_made import ONE, OTHER, line, session

COPY = f"2026-11-29_{ONE}.jsonl.gz"
TOKEN = "ghp_" + "Ab3" * 12


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "data/.broker").mkdir(parents=True)
    (tmp_path / "data/user").mkdir()
    return Workspace.at(tmp_path / "data")


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / ".claude"


def run(workspace: Workspace, settings: Path) -> list[str]:
    return collect(workspace, {"CLAUDE_CONFIG_DIR": str(settings)})


def kept(workspace: Workspace) -> list[str]:
    place = workspace.user / "sessions"
    return sorted(path.name for path in place.iterdir()) if place.exists() else []


def lines(workspace: Workspace, name: str = COPY) -> list[Any]:
    content = gzip.decompress((workspace.user / "sessions" / name).read_bytes())
    return [json.loads(one) for one in content.splitlines()]


def test_a_session_is_kept_without_its_secrets_for_its_owner_alone(
    workspace: Workspace, settings: Path
) -> None:
    session(settings, workspace.root, line(workspace.root, f"use {TOKEN} é"))
    assert run(workspace, settings) == []
    assert kept(workspace) == [COPY]
    (one,) = lines(workspace)
    assert one["message"]["content"] == "use [redacted: GitHub token] é"
    assert one == line(workspace.root, "use [redacted: GitHub token] é")
    place = workspace.user / "sessions"
    assert place.stat().st_mode & 0o7777 == 0o700
    assert (place / COPY).stat().st_mode & 0o7777 == 0o600
    assert (workspace.state / "sessions.json").stat().st_mode & 0o7777 == 0o600
    assert kept_names(workspace) == {f"sessions/{COPY}"}


def test_one_that_has_gone_on_is_kept_anew_under_its_name_and_others_are_not_read(
    workspace: Workspace, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace.root
    session(settings, root, line(root, "a"))
    run(workspace, settings)
    later = line(root, "b", timestamp="2026-12-01T08:00:00.000Z")
    session(settings, root, line(root, "a"), later, seconds=1_800_000_500)
    assert run(workspace, settings) == []
    assert [one["message"]["content"] for one in lines(workspace)] == ["a", "b"]
    assert kept(workspace) == [COPY]
    monkeypatch.setattr(copy, "opened", None)  # it would be called
    assert run(workspace, settings) == []


def test_a_copy_that_its_owner_removed_stays_away_until_the_session_goes_on(
    workspace: Workspace, settings: Path
) -> None:
    root = workspace.root
    session(settings, root, line(root, "a"))
    run(workspace, settings)
    (workspace.user / "sessions" / COPY).unlink()
    run(workspace, settings)
    assert kept(workspace) == []
    session(settings, root, line(root, "a"), line(root, "b"))
    run(workspace, settings)
    assert kept(workspace) == [COPY]


def test_a_private_session_is_not_kept_and_its_copy_goes(
    workspace: Workspace, settings: Path
) -> None:
    root = workspace.root
    session(settings, root, line(root, "a"))
    session(settings, root, line(root, "b", sessionId=OTHER), name=OTHER)
    run(workspace, settings)
    assert len(kept(workspace)) == 2
    add_private(workspace, ONE)
    assert read_private(workspace) == {ONE}
    session(settings, root, line(root, "a"), line(root, "c"))
    run(workspace, settings)
    assert kept(workspace) == [f"2026-11-29_{OTHER}.jsonl.gz"]
    assert ONE not in read_ledger(workspace)


@pytest.mark.parametrize(
    "more", [{"sessionId": ONE}, {"forkedFrom": {"sessionId": ONE, "messageUuid": "x"}}]
)
def test_one_that_goes_on_a_private_session_is_private_as_well(
    workspace: Workspace, settings: Path, more: dict[str, Any]
) -> None:
    root = workspace.root
    fork = (line(root, "a", **{"sessionId": OTHER, **more}), line(root, "b", sessionId=OTHER))
    session(settings, root, *fork, name=OTHER)
    run(workspace, settings)
    assert len(kept(workspace)) == 1
    add_private(workspace, ONE)
    run(workspace, settings)
    assert kept(workspace) == []
    session(settings, root, *fork, line(root, "c", sessionId=OTHER), name=OTHER)
    run(workspace, settings)
    assert kept(workspace) == []


def test_while_the_list_of_private_sessions_cannot_be_read_none_is_kept_or_sent(
    workspace: Workspace, settings: Path
) -> None:
    session(settings, workspace.root, line(workspace.root, "a"))
    for content in (b"that one\n", b"\xff\n", f"{ONE} {OTHER}\n".encode()):
        (workspace.state / "private_sessions").write_bytes(content)
        (problem,) = run(workspace, settings)
        assert problem.startswith("no session was kept: ")
        with pytest.raises(LaptopError):
            add_private(workspace, OTHER)
    assert kept(workspace) == []
    (workspace.state / "private_sessions").write_text(f"\n  {OTHER}\n\n")
    assert run(workspace, settings) == []
    assert kept(workspace) == [COPY]
    assert kept_names(workspace) == {f"sessions/{COPY}"}
    for content in ("that one\n", f"{ONE}\n"):
        (workspace.state / "private_sessions").write_text(content)
        assert kept_names(workspace) == set()


def test_hostile_lines_are_left_out_and_a_line_says_so(
    workspace: Workspace, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "_MOST_LINE", 1_000)
    root = workspace.root
    deep = b'{"a":' * 150 + b"1" + b"}" * 150
    hostile = [b"\xff\xfe\n", b"{\n", b'"text"\n', b"[1]\n", b"\n", b"x" * 10_000 + b"\n"]
    huge = b'{"a": ' + b"9" * 900 + b"}\n"
    session(settings, root, line(root, "a"), *hostile, deep + b"\n", line(root, "b"), huge)
    assert run(workspace, settings) == []
    found = lines(workspace)
    assert [one["message"]["content"] for one in found if "message" in one] == ["a", "b"]
    why = [one["why"] for one in found if one.get("type") == "left-out"]
    assert why.count("longer than 0 MiB") == 1
    assert why.count("it cannot be read as JSON") == 6
    assert len(found) == 2 + 7 + 1  # a number has as many digits as Python reads


def test_a_line_that_is_still_being_written_waits(workspace: Workspace, settings: Path) -> None:
    root = workspace.root
    whole = json.dumps(line(root, "b")).encode()
    session(settings, root, line(root, "a"), whole[:-20])
    run(workspace, settings)
    assert len(lines(workspace)) == 1
    session(settings, root, line(root, "a"), whole + b"\n")
    run(workspace, settings)
    assert len(lines(workspace)) == 2


def test_nothing_is_written_through_a_link(
    workspace: Workspace, settings: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace.user / "sessions").symlink_to(outside)
    session(settings, workspace.root, line(workspace.root, "a"))
    (problem,) = run(workspace, settings)
    assert "kept in no folder that is a link" in problem
    (workspace.user / "sessions").unlink()
    (workspace.user / "sessions").mkdir()
    (workspace.user / "sessions" / COPY).symlink_to(outside / "file")
    assert run(workspace, settings) == []
    assert list(outside.iterdir()) == []
    assert not (workspace.user / "sessions" / COPY).is_symlink()


@pytest.mark.parametrize("name", ["../../x.jsonl.gz", f"2026-11-29_{OTHER}.jsonl.gz", "x", 5])
def test_a_ledger_that_names_another_file_is_not_believed(
    workspace: Workspace, settings: Path, name: object
) -> None:
    session(settings, workspace.root, line(workspace.root, "a"))
    facts = {ONE: {"name": name, "size": 1, "changed": 1, "ids": []}}
    (workspace.state / "sessions.json").write_text(json.dumps(facts))
    assert read_ledger(workspace) == {}
    assert run(workspace, settings) == []
    assert kept(workspace) == [COPY]


def test_one_that_cannot_be_kept_does_not_keep_others_away(
    workspace: Workspace, settings: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = workspace.root
    session(settings, root, line(root, "a" * 2_000))
    session(settings, root, line(root, "b", sessionId=OTHER), name=OTHER)
    monkeypatch.setattr(copy, "_MOST_BYTES", 1_000)
    (problem,) = run(workspace, settings)
    assert problem.startswith(f"session {ONE} was not kept: ")
    assert kept(workspace) == [f"2026-11-29_{OTHER}.jsonl.gz"]
