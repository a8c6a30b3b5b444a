"""A sync brings the files of coding agents to the data."""

from __future__ import annotations

from broker.laptop.agents.files import FILES

from .homes import Laptop


def test_a_sync_writes_the_files_for_agents(synced: Laptop) -> None:
    assert [path for path in FILES if not (synced.path / path).is_file()] == []
    assert "`shop/orders`" in (synced.path / "AGENTS.md").read_text()


def test_a_table_that_comes_and_goes_does_so_in_the_instructions(synced: Laptop) -> None:
    synced.home.table("new_one", "SELECT 1::BIGINT AS id")
    synced.home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert "new_one" in (synced.path / "AGENTS.md").read_text()


def test_a_file_that_cannot_be_merged_is_named_and_the_sync_goes_on(synced: Laptop) -> None:
    (synced.path / ".mcp.json").write_text("{")
    ended = synced.sync("--quiet")
    assert ended.returncode == 0
    assert ended.stderr.startswith("broker: .mcp.json: these settings cannot be read")
    assert (synced.path / ".mcp.json").read_text() == "{"
