"""Transcripts of agents: kept where the analyst wants that, and sent only on a second word."""

from __future__ import annotations

import gzip
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.unit.laptop.sessions.sessions_made import ONE, OTHER, line, session

from .homes import Laptop

COPY = f"2026-11-29_{ONE}.jsonl.gz"
TOKEN = "ghp_" + "Ab3" * 12


def sessions(laptop: Laptop, *words: str, at_a_terminal: bool = False) -> tuple[int, str]:
    """The exit code, and all that was shown."""
    script = laptop.path / "server/scripts/broker.sh"
    command = ["bash", script, "sessions", *words]
    if not at_a_terminal:
        done = subprocess.run(
            command,
            env=laptop.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as terminal:
        process = subprocess.Popen(
            command, env=laptop.environment, stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = b""
        try:
            while piece := terminal.read(4096):
                shown += piece
        except OSError:  # how a terminal ends
            pass
        return process.wait(60), shown.decode().replace("\r\n", "\n")


@pytest.fixture
def settings(synced: Laptop, tmp_path: Path) -> Path:
    """Where Claude Code keeps its files: two sessions in the folder, one elsewhere."""
    place = tmp_path / "claude"
    synced.environment["CLAUDE_CONFIG_DIR"] = str(place)
    root = synced.path
    session(place, root, line(root, f"my token is {TOKEN}"))
    session(place, root, line(root, "hello", sessionId=OTHER), name=OTHER, seconds=1_800_000_900)
    other = tmp_path / "other"
    session(place, other, line(other, "not of this folder"))
    return place


def choose(laptop: Laptop, word: str) -> None:
    (laptop.path / "broker.toml").write_text(f'sessions = "{word}"\n')


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("user/sessions/*"))


@pytest.mark.usefixtures("settings")
def test_nothing_is_kept_or_sent_unless_that_is_wanted(synced: Laptop) -> None:
    assert synced.sync("--push").returncode == 0
    assert kept(synced.path) == kept(synced.home.path) == []
    code, shown = sessions(synced, "list")
    assert code == 0
    assert shown.startswith("transcripts of agents are not kept here")
    assert shown.count("  not kept, changed 2027-") == 2


@pytest.mark.usefixtures("settings")
def test_mine_are_kept_at_each_sync_and_stay_here(synced: Laptop) -> None:
    choose(synced, "mine")
    ended = synced.sync("--push", "--table", "all")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert kept(synced.path) == [COPY, f"2026-11-29_{OTHER}.jsonl.gz"]
    assert kept(synced.home.path) == []
    content = gzip.decompress((synced.path / "user/sessions" / COPY).read_bytes())
    assert TOKEN.encode() not in content
    assert json.loads(content)["message"]["content"] == "my token is [redacted: GitHub token]"
    assert 'sessions = "mine"\n' in (synced.path / "broker.toml").read_text()
    assert f"{ONE}  kept as user/sessions/{COPY}, changed" in sessions(synced, "list")[1]
    choose(synced, "none")
    assert synced.sync("--push").returncode == 0
    assert kept(synced.home.path) == []
    assert len(kept(synced.path)) == 2


@pytest.mark.usefixtures("settings")
def test_with_broker_a_push_sends_them_and_nothing_else_that_lies_there(synced: Laptop) -> None:
    choose(synced, "broker")
    assert synced.sync().returncode == 0
    assert kept(synced.home.path) == []
    (synced.path / "user/sessions/raw.jsonl").write_text(TOKEN)
    assert synced.sync("--push").returncode == 0
    assert kept(synced.home.path) == [COPY, f"2026-11-29_{OTHER}.jsonl.gz"]


def test_a_session_that_its_person_makes_private_is_gone_and_stays_so(
    synced: Laptop, settings: Path
) -> None:
    choose(synced, "broker")
    assert synced.sync().returncode == 0
    code, shown = sessions(synced, "private", "last", at_a_terminal=True)
    assert code == 0, shown
    assert shown.startswith(f"session {OTHER} is private")
    assert "its operator can remove that" in shown
    assert kept(synced.path) == [COPY]
    session(settings, synced.path, line(synced.path, "more", sessionId=OTHER), name=OTHER)
    assert synced.sync("--push").returncode == 0
    assert kept(synced.path) == kept(synced.home.path) == [COPY]
    assert f"{OTHER}  private\n" in sessions(synced, "list")[1]


def test_an_agent_makes_no_session_private(synced: Laptop, settings: Path) -> None:
    """It has no terminal. Nor does a person with an id of nothing."""
    code, shown = sessions(synced, "private", ONE)
    assert code == 1
    assert "only a person makes a session private" in shown
    for word, words in ((f"{ONE[:-1]}6", f"Did you mean {ONE}?"), ("x", "See: sessions list")):
        code, shown = sessions(synced, "private", word, at_a_terminal=True)
        assert code == 1
        assert words in shown
    for one in settings.rglob("*.jsonl"):
        one.unlink()
    assert "no such session" in sessions(synced, "private", "last", at_a_terminal=True)[1]
    assert not (synced.path / ".broker/private_sessions").exists()


@pytest.mark.usefixtures("settings")
def test_a_transcript_is_kept_without_a_network_and_none_fails_a_sync(synced: Laptop) -> None:
    choose(synced, "mine")
    away = synced.home.path.with_name("away")
    synced.home.path.rename(away)
    assert synced.sync().returncode == 1
    assert COPY in kept(synced.path)
    away.rename(synced.home.path)
    (synced.path / ".broker/private_sessions").write_text("my secret one\n")
    ended = synced.sync("--quiet")
    assert ended.returncode == 0
    assert "no session was kept" in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_dry_run_keeps_nothing_and_a_word_that_is_not_known_is_refused(
    synced: Laptop, settings: Path
) -> None:
    choose(synced, "mine")
    assert synced.sync("--dry-run").returncode == 0
    assert kept(synced.path) == []
    choose(synced, "everyone")
    ended = synced.sync()
    assert ended.returncode == 1
    assert "expected none or mine or broker; found everyone" in ended.stderr
    assert settings.exists()


def test_a_line_of_100_megabytes_does_not_stand_in_the_way(synced: Laptop, settings: Path) -> None:
    choose(synced, "mine")
    root = synced.path
    huge = json.dumps(line(root, "x")).encode()[:-2] + b" " * 100_000_000 + b"}}\n"
    session(settings, root, line(root, "a"), huge, line(root, "b"))
    assert synced.sync().returncode == 0
    content = gzip.decompress((root / "user/sessions" / COPY).read_bytes())
    assert [json.loads(one)["type"] for one in content.splitlines()] == ["user", "left-out", "user"]
