from __future__ import annotations

import json
import subprocess
import sys

import pytest

from broker.manifest import Status

from .homes import Home, Laptop


def status(laptop: Laptop, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", laptop.path / "server/scripts/broker.sh", "status", *words],
        env=laptop.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def railed(synced: Laptop) -> Laptop:
    """Its agents find the program where an environment of its own would be."""
    place = synced.path / ".broker/venv/bin"
    place.mkdir(parents=True)
    (place / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (place / "python").chmod(0o755)
    return synced


def test_each_table_has_its_age_and_the_last_sync_its_news(railed: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name", freshness_seconds=10**9)
    name = home.publish()
    assert railed.sync().returncode == 0
    ended = status(railed)
    assert "Traceback" not in ended.stderr
    lines = ended.stdout.splitlines()
    assert lines[0] == f"generation {name}, in {railed.path}"
    assert lines[1].startswith("  orders  ok, ")
    assert ", promised " in lines[2]
    assert lines[3].startswith("last sync: well, at ")
    assert lines[4] == f"new with generation {name}:"
    assert lines[5].startswith("  shop/stores: fetched, 1 rows")
    assert any(line.startswith("rails for agents: ") for line in lines)


def test_the_news_stay_until_others_come(railed: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    name = home.publish()
    for _ in range(2):
        assert railed.sync().returncode == 0
    assert json.loads(status(railed, "--json").stdout)["last_sync"]["news_of"] == name


def test_what_failed_on_the_broker_or_here_is_shown_and_ends_with_3(
    railed: Laptop, home: Home
) -> None:
    home.table("stores", "SELECT 7::BIGINT AS id", status=Status.FAILED)
    home.publish()
    assert railed.sync().returncode == 3
    ended = status(railed)
    assert ended.returncode == 3
    assert "NOT AS PROMISED: stores is of 2026-11-01 12:00 UTC: last load failed" in ended.stdout
    railed.sync("/nowhere")
    ended = status(railed)
    assert "last sync: FAILED at " in ended.stdout
    assert "this is not the folder of a broker" in ended.stdout
    facts = json.loads(status(railed, "--json").stdout)
    assert facts["last_sync"]["error"].startswith("/nowhere: ")
    assert [table["problem"] is None for table in facts["tables"]] == [True, False]


def test_a_rail_that_does_not_work_is_named(railed: Laptop) -> None:
    (railed.path / ".claude/settings.json").unlink()
    ended = status(railed)
    assert ended.returncode == 3
    assert "DOES NOT WORK" in ended.stdout


def test_before_the_first_sync_it_says_what_to_type(laptop: Laptop) -> None:
    ended = status(laptop)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "Run: bash server/scripts/sync_data.sh" in ended.stderr
