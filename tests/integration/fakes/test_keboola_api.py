"""The stand-in keeps to what is known of the Storage API."""

from __future__ import annotations

import gzip
import io
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import requests

from rig.fakes.keboola import StandIn
from tests.documented import ROOT

from .client import TIMEOUT, Client

TABLE = "in.c-shop.orders"
TEXT = 'id,name\n1,"a ""quoted""\nname"\n2,\n3,c\n'


def test_whoever_asks_gets_the_index_and_only_a_token_gets_more(keboola: StandIn) -> None:
    for path in ("", "/"):
        response = requests.get(f"{keboola.url}/v2/storage{path}", timeout=TIMEOUT)
        assert (response.status_code, response.json()["api"]) == (200, "storage")
    verify = f"{keboola.url}/v2/storage/tokens/verify"
    for headers, message, code in [
        ({}, "Access token must be set", None),
        ({"X-StorageApi-Token": "1234-1-x"}, "Invalid access token", "storage.tokenInvalid"),
    ]:
        refused = requests.get(verify, headers=headers, timeout=TIMEOUT)
        assert refused.status_code == 401
        assert (refused.json()["error"], refused.json().get("code")) == (message, code)
        assert refused.json()["exceptionId"]
    bearer = {"Authorization": f"Bearer {keboola.token}"}
    response = requests.get(verify, headers=bearer, timeout=TIMEOUT)
    assert response.headers["Content-Type"] == "application/json"
    assert response.json()["owner"]["id"] == 1234
    assert keboola.token not in repr(keboola.project.tokens.master)


@pytest.mark.parametrize("branch", ["", "branch/default/", "branch/123/"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_paths_may_name_a_branch_and_end_in_a_slash(
    client: Client, branch: str, slash: str
) -> None:
    client.create(TABLE, TEXT)
    assert client.get(f"{branch}tables/{TABLE}{slash}")["id"] == TABLE


def test_filters_mean_the_same_in_json_forms_and_queries(client: Client) -> None:
    client.create(TABLE, TEXT)
    flat = {
        "columns": "id",
        "whereFilters[0][column]": "id",
        "whereFilters[0][operator]": "ge",
        "whereFilters[0][values][0]": "2",
        "whereFilters[0][dataType]": "INTEGER",
    }
    where = {"column": "id", "operator": "ge", "values": ["2"], "dataType": "INTEGER"}
    path = f"tables/{TABLE}/export-async"
    jobs = [
        client.job("POST", path, json={"columns": "id", "whereFilters": [where]}),
        client.job("POST", path, json={"columns": ["id"], "whereFilters": {"0": where}}),
        client.job("POST", path, data=flat),
        client.job("POST", path, params=flat),
    ]
    files = {job["results"]["file"]["id"] for job in jobs}
    assert len(files) == 1  # the same question: the first answer is kept
    assert [job["results"]["cacheHit"] for job in jobs] == [False, True, True, True]
    assert client.request("DELETE", f"tables/{TABLE}").status_code == 204
    client.create(TABLE, TEXT)
    assert not client.job("POST", path, data=flat)["results"]["cacheHit"]  # another table
    assert client.export(TABLE, columns="id", whereFilters=[where]).rows == ['"2"', '"3"']


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"format": "xml"}, "storage.tables.validation.invalidFormat"),
        ({"columns": "nope"}, "storage.tables.validation.columnNotExists"),
        ({"whereFilters": [{"column": "id"}]}, "storage.tables.validation"),
        ({"whereFilters": [{"column": "id", "values": []}]}, "storage.tables.validation"),
        (
            {"whereFilters": [{"column": "x", "values": ["1"]}]},
            "storage.tables.validation.columnNotExists",
        ),
        (
            {"whereFilters": [{"column": "id", "operator": "gt", "values": ["1", "2"]}]},
            "storage.tables.validation",
        ),
        ({"changedSince": "some time ago"}, "storage.validation"),
        ({"limit": "ten"}, "storage.validation"),
    ],
)
def test_what_the_api_refuses(client: Client, params: dict[str, Any], code: str) -> None:
    client.create(TABLE, TEXT)
    refused = client.request("POST", f"tables/{TABLE}/export-async", json=params)
    assert (refused.status_code, refused.json()["code"]) == (400, code)


def test_what_is_not_there(client: Client) -> None:
    client.create(TABLE, TEXT)
    for path, code in [
        ("tables/in.c-shop.x", "storage.tables.notFound"),
        ("tables/in.c-x.x", "storage.buckets.notFound"),
        ("buckets/in.c-x", "storage.buckets.notFound"),
        ("files/7", "storage.files.notFound"),
        ("jobs/7", "storage.jobs.notFound"),
        (f"tables/{TABLE}/export", "storage.notFound"),
    ]:
        missing = client.request("GET", path)
        assert (missing.status_code, missing.json()["code"]) == (404, code)


def test_slices_have_no_header_and_an_empty_export_has_none(
    keboola: StandIn, client: Client
) -> None:
    client.create(TABLE, TEXT)
    whole = client.export(TABLE, gzip=True)
    assert "".join(whole.slices) == '"1","a ""quoted""\nname"\n"2",""\n"3","c"\n'
    assert (whole.file["name"], whole.file["maxAgeDays"]) == (f"{TABLE}.csv.gz", 2)
    nothing = {"whereFilters": [{"column": "id", "values": ["9"]}]}
    assert client.export(TABLE, **nothing).slices == []
    keboola.behaviour.empty = "empty_gzip"
    assert client.export(TABLE, gzip=True, **nothing).slices == [""]
    stamped = client.export(TABLE, columns="id", includeInternalTimestamp=1, orderBy=[])
    assert all(re.fullmatch(r'"\d",\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', row) for row in stamped.rows)


def test_incremental_loads_restamp_what_differs_and_deletions_leave_no_trace(
    keboola: StandIn, client: Client
) -> None:
    client.create(TABLE, TEXT, key="id")
    keboola.clock.advance(3600)
    since = str(int(keboola.clock.unix()) - 60)
    assert client.export(TABLE, changedSince=since).rows == []
    ended = client.load(TABLE, gzip.compress(b"name,id\nc,3\nz,2\nx,4\ny,4\n"), incremental=1)
    assert ended["results"]["totalRowsCount"] == 4
    assert client.export(TABLE, changedSince=since, columns="id,name").rows == [
        '"2","z"',
        '"4","y"',
    ]
    assert client.export(TABLE, changedUntil="-1 minute", columns="id").rows == ['"1"', '"3"']
    where = {"whereFilters": [{"column": "id", "values": ["2"]}]}
    path = f"tables/{TABLE}/rows"
    assert client.job("DELETE", path, json=where)["results"]["deletedRowsCount"] == 1
    assert client.export(TABLE, changedSince=since, columns="id").rows == ['"4"']
    assert client.get(f"tables/{TABLE}")["rowsCount"] == 3
    refused = client.request("DELETE", path)
    assert refused.json()["code"] == "storage.tables.validation.unintendedTruncation"
    assert (
        client.job("DELETE", path, params={"allowTruncate": 1})["results"]["deletedRowsCount"] == 3
    )
    missing = client.load(TABLE, "id\n5\n", incremental=1)
    assert missing["error"]["code"] == "csvImport.columnsNotMatch"
    assert client.load(TABLE, "id,name,more\n5,e,f\n")["results"]["totalRowsCount"] == 1
    assert client.get(f"tables/{TABLE}")["columns"] == ["id", "name", "more"]


def test_typed_tables_keep_nulls_and_their_backends_types(client: Client) -> None:
    client.request("POST", "buckets", json={"name": "shop", "stage": "in"})
    columns = [
        {"name": "id", "definition": {"type": "INT", "nullable": False}},
        {"name": "price", "basetype": "NUMERIC"},
        {"name": "note", "definition": {"type": "VARCHAR", "length": 255}},
        {"name": "at", "definition": {"type": "TIMESTAMP"}},
    ]
    body = {"name": "orders", "primaryKeysNames": ["id"], "columns": columns}
    assert (
        client.job("POST", "buckets/in.c-shop/tables-definition", json=body)["status"] == "success"
    )
    table = client.get(f"tables/{TABLE}")
    assert [column["basetype"] for column in table["definition"]["columns"]] == [
        "INTEGER",
        "NUMERIC",
        "STRING",
        "TIMESTAMP",
    ]
    first = table["definition"]["columns"][0]["definition"]
    assert first == {"type": "NUMBER", "nullable": False, "length": "38,0"}
    keys = [entry["key"] for entry in table["columnMetadata"]["price"]]
    assert keys == [f"KBC.datatype.{key}" for key in ("type", "nullable", "basetype", "length")]
    big = "9" * 38
    text = f"id,price,note,at\n{big},1.5,,2026-01-02T03:04:05.678\n2,,x,\n"
    assert client.load(TABLE, text)["status"] == "success"
    assert client.export(TABLE).rows == [f"{big},1.500000000,,2026-01-02 03:04:05", '2,,"x",']
    assert client.load(TABLE, "id,price,note,at\none,,,\n")["status"] == "error"
    file = client.job("POST", f"tables/{TABLE}/export-async", json={"fileType": "parquet"})
    detail = client.get(f"files/{file['results']['file']['id']}", federationToken=1)
    entries = requests.get(detail["url"], timeout=TIMEOUT).json()["entries"]
    parts = [requests.get(entry["url"], timeout=TIMEOUT).content for entry in entries]
    assert sum(pq.read_metadata(io.BytesIO(part)).num_rows for part in parts) == 2


def test_lists_show_what_is_asked_for_and_aliases_their_source(client: Client) -> None:
    client.create(TABLE, TEXT, key="id")
    entries = [{"columnName": "id", "key": "KBC.datatype.basetype", "value": "INTEGER"}]
    for provider in ("user", "keboola.ex-db-snowflake"):
        body = {"provider": provider, "metadata": [], "columnsMetadata": {"id": entries}}
        assert client.request("POST", f"tables/{TABLE}/metadata", json=body).status_code == 201
    shown = {"sourceTable": TABLE, "name": "view", "aliasFilter[column]": "id"}
    shown |= {"aliasFilter[values][]": "3"}
    made = client.request("POST", "buckets/in.c-shop/table-aliases", data=shown)
    assert made.status_code == 201
    plain, alias = client.get("tables", include="columns,columnMetadata")
    assert {entry["provider"] for entry in plain["columnMetadata"]["id"]} == {
        "user",
        "keboola.ex-db-snowflake",
    }
    assert (alias["isAlias"], alias["columnMetadata"]) == (True, [])
    assert alias["sourceTable"]["columnMetadata"] == plain["columnMetadata"]
    assert "bucket" in client.get("tables")[0]
    assert "columns" not in client.get("tables")[0]
    assert "bucket" not in client.get("tables", include="")[0]
    assert client.export("in.c-shop.view").rows == ['"3","c"']
    refused = client.request("DELETE", f"tables/{TABLE}")
    assert refused.json()["code"] == "tables.cannotDeletedTableWithAliases"


def test_a_token_reaches_what_it_was_given(keboola: StandIn, client: Client) -> None:
    client.create(TABLE, TEXT)
    client.create("in.c-people.salaries", TEXT)
    body = {"description": "reader", "bucketPermissions": {"in.c-shop": "read"}}
    made = requests.post(f"{keboola.url}/control/tokens", json=body, timeout=TIMEOUT).json()
    with Client(keboola.url, made["token"]) as reader:
        assert [table["id"] for table in reader.get("tables")] == [TABLE]
        assert reader.export(TABLE).rows
        for method, path in [
            ("GET", "tables/in.c-people.salaries"),
            ("DELETE", f"tables/{TABLE}"),
        ]:
            refused = reader.request(method, path)
            assert (refused.status_code, refused.json()["code"]) == (403, "accessDenied")


def test_slices_made_beforehand_are_a_tables_whole_export(
    keboola: StandIn, client: Client, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        path.write_bytes(gzip.compress(f'"{path.name}","1"\n'.encode()))
    body = {"table": TABLE, "columns": ["id", "n"], "slices": [*map(str, paths)], "rows": 2}
    made = requests.post(f"{keboola.url}/control/exports", json=body, timeout=TIMEOUT)
    assert made.status_code == 201
    assert client.export(TABLE, gzip=1).rows == ['"a","1"', '"b","1"']
    assert client.get(f"tables/{TABLE}")["rowsCount"] == 2


def test_the_command_serves_until_it_is_stopped(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "rig.fakes.keboola", "--folder", str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    with subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        token = process.stdout.readline().strip().removeprefix("token: ")
        with Client(url, token) as client:
            client.create(TABLE, TEXT)
            assert len(client.export(TABLE).slices) == 2
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []
