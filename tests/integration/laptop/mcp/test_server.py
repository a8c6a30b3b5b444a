"""The official client starts the server as a coding agent does, and calls every tool."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.documented import ROOT
from tests.laptop_folders import LaptopFolder, make_shop

READY_SECONDS = 2.0  # of the processor: older clients wait no longer
MOST_CHARACTERS = 50_000
PAGE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
SECTION = PAGE.partition("### For coding agents: MCP\n")[2].partition("\n## ")[0]


@pytest.fixture
def shop(tmp_path: Path) -> LaptopFolder:
    return make_shop(tmp_path)


@asynccontextmanager
async def session(shop: LaptopFolder) -> AsyncIterator[ClientSession]:
    arguments = ["-I", "-m", "broker.laptop", "--folder", str(shop.root), "mcp"]
    server = StdioServerParameters(command=sys.executable, args=arguments, cwd=shop.root)
    async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as one:
        yield one


def talk(shop: LaptopFolder, talking: Callable[[ClientSession], Awaitable[None]]) -> None:
    async def run() -> None:
        async with session(shop) as one:
            await one.initialize()
            await talking(one)

    asyncio.run(run())


async def text_of(one: ClientSession, tool: str, arguments: dict[str, Any]) -> str:
    result = await one.call_tool(tool, arguments)
    (block,) = result.content
    assert not result.is_error, block
    assert len(block.text) < MOST_CHARACTERS
    return str(block.text)


async def answer(one: ClientSession, tool: str, **arguments: Any) -> Any:
    return json.loads(await text_of(one, tool, arguments))


async def error(one: ClientSession, tool: str, **arguments: Any) -> str:
    result = await one.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)


def test_it_is_ready_soon_and_says_when_to_use_it(shop: LaptopFolder) -> None:
    async def talking(one: ClientSession) -> None:
        tools = {tool.name: tool for tool in (await one.list_tools()).tools}
        assert {*tools} == {*re.findall(r"^\| `(\w+)` \|", SECTION, re.MULTILINE)}
        assert len(tools) == 5
        assert all(0 < len(tool.description or "") < 2_000 for tool in tools.values())
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())

    async def run() -> None:
        async with session(shop) as one:
            hello = await one.initialize()
            assert hello.server_info.name == "broker"
            assert "every question about company data" in (hello.instructions or "")[:2_000]
            await talking(one)

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    asyncio.run(run())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert 0 < taken < READY_SECONDS


def test_every_tool_answers(shop: LaptopFolder) -> None:
    async def talking(one: ClientSession) -> None:
        tables = await answer(one, "list_tables", search="customer")
        assert [table["name"] for table in tables["tables"]] == ["customers", "orders"]
        orders = await answer(one, "describe_table", name="orders")
        assert [column["name"] for column in orders["columns"]][:2] == ["id", "customer_id"]
        sql = "SELECT name, sum(amount) AS total FROM orders JOIN customers AS c ON c.id = "
        found = await answer(
            one,
            "query",
            sql=f"{sql} customer_id WHERE orders.id > $least GROUP BY ALL ORDER BY name",
            parameters={"least": 5},
        )
        assert found["rows"] == [["Anna", "52.50"], ["Ben", "37.50"], ["Chloé", "41.25"]]
        assert found["generation"] == shop.tree.name
        assert [table["name"] for table in found["tables"]] == ["customers", "orders"]
        assert (await answer(one, "metrics"))["metrics"] == []
        assert (await answer(one, "freshness"))["generation"] == shop.tree.name

    talk(shop, talking)


def test_the_guard_is_the_same_and_its_sentence_reaches_the_agent(shop: LaptopFolder) -> None:
    secret = shop.root.parent / "secret.csv"
    secret.write_text("secret\n4711\n")

    async def talking(one: ClientSession) -> None:
        target = shop.root.parent / "stolen.csv"
        for sql, text in [
            (f"COPY orders TO '{target}'", "found COPY"),
            (f"EXPLAIN ANALYZE COPY orders TO '{target}'", "found EXPLAIN ANALYZE COPY"),
            (f"FROM read_text('{secret}')", "found read_text()"),
            (f"FROM '{secret}'", "a query reads tables"),
            ("SELECT o.amont FROM orders o", "Did you mean o.amount?"),
            ("FROM ordrs", "Did you mean orders?"),
            ("SELECT $a", "--param a=VALUE"),
            ("--folder /", "found none"),
            ("\x00", "NUL"),
        ]:
            message = await error(one, "query", sql=sql)
            assert text in message
            assert "4711" not in message
        assert not target.exists()
        assert "found ordrs" in await error(one, "describe_table", name="ordrs")
        refused = await error(one, "query", sql="SELECT $a", parameters={"a\0": "x"})
        assert "cannot be given" in refused
        # Linux takes no word of a command that is longer than 128 KiB.
        refused = await error(one, "query", sql="SELECT $a", parameters={"a": "x" * 200_000})
        assert "expected 100,000 bytes together; found 200,001" in refused
        for sql in ("SELECT repeat('\"', 29_000)", "SELECT repeat('x', 100_000) FROM orders"):
            refused = await error(one, "query", sql=sql)
            assert "the first row of the answer is too long to be shown" in refused

    talk(shop, talking)


def test_long_answers_are_cut_below_what_a_client_shows(shop: LaptopFolder) -> None:
    async def talking(one: ClientSession) -> None:
        many = await answer(one, "query", sql="FROM range(100000)", rows=5_000)
        assert (many["row_count"], many["cut"]) == (len(many["rows"]), many["cut"])
        assert many["cut"]
        long = await answer(one, "query", sql="SELECT repeat('\"', 20000) FROM range(9)")
        assert long["cut"]
        null = "SELECT " + ", ".join(["NULL"] * 50) + " FROM range(5000)"
        assert (await answer(one, "query", sql=null, rows=5_000))["cut"]
        wide = "SELECT " + ", ".join(f'1 AS "{"x" * 900}{n}"' for n in range(60))
        assert "Select the columns by name" in await error(one, "query", sql=wide)

    talk(shop, talking)


def test_a_query_that_must_be_killed_leaves_the_server_alive(shop: LaptopFolder) -> None:
    async def talking(one: ClientSession) -> None:
        sql = "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))"
        slow = asyncio.create_task(error(one, "query", sql=sql, seconds=1))
        quick = await answer(one, "query", sql="SELECT count(*) FROM orders")
        assert quick["rows"] == [[12]]
        assert not slow.done()
        assert "was stopped" in await slow
        assert (await answer(one, "query", sql="SELECT 1"))["rows"] == [[1]]

    talk(shop, talking)


def test_a_sync_meanwhile_is_seen_by_the_next_call(shop: LaptopFolder) -> None:
    async def talking(one: ClientSession) -> None:
        first = await answer(one, "query", sql="SELECT count(*) FROM customers")
        shop.table("customers", "SELECT 1::BIGINT AS id")
        name = shop.publish()
        second = await answer(one, "query", sql="SELECT count(*) FROM customers")
        assert (first["rows"], second["rows"]) == ([[3]], [[1]])
        assert second["generation"] == name
        assert (await answer(one, "freshness"))["generation"] == name

    talk(shop, talking)


def test_a_file_of_the_folder_stands_in_for_no_module(shop: LaptopFolder) -> None:
    for name in ("click.py", "duckdb.py", "broker.py"):
        (shop.root / name).write_text("import pathlib; pathlib.Path('ran').touch(); raise Exit\n")

    async def ask() -> None:
        arguments = ["-I", "-m", "broker.laptop", "--folder", str(shop.root), "mcp"]
        server = StdioServerParameters(command=sys.executable, args=arguments, cwd=shop.root)
        async with stdio_client(server) as pipes, ClientSession(*pipes) as one:
            await one.initialize()
            assert (await answer(one, "query", sql="SELECT 1"))["rows"] == [[1]]

    asyncio.run(ask())
    assert not (shop.root / "ran").exists()


def test_before_the_first_sync_every_tool_says_what_to_run(tmp_path: Path) -> None:
    async def talking(one: ClientSession) -> None:
        for tool, arguments in [
            ("list_tables", {}),
            ("describe_table", {"name": "x"}),
            ("query", {"sql": "SELECT 1"}),
            ("metrics", {}),
            ("freshness", {}),
        ]:
            assert "bash server/scripts/sync_data.sh" in await error(one, tool, **arguments)

    talk(LaptopFolder(tmp_path), talking)
