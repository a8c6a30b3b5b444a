"""Google's own clients: which addresses they ask, and the stand-in as operators ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from google.api_core import exceptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.oauth2 import service_account

from rig.fakes.bigquery import StandIn


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as one:
        one.project.add_dataset("shop")
        fields = [{"name": "id", "type": "INTEGER"}, {"name": "kind", "type": "STRING"}]
        table = one.project.add_table("shop", "t", fields)
        one.project.insert(table, [{"id": 1, "kind": "a"}, {"id": 2, "kind": "b"}])
        yield one


@pytest.fixture
def client(standin: StandIn) -> bigquery.Client:
    key = service_account.Credentials.from_service_account_info(json.loads(standin.key))
    return bigquery.Client(
        project="acme-data", credentials=key, client_options={"api_endpoint": standin.url}
    )


NAMES = ["shop.t", "`shop.t`", "`shop`.`t`", "`acme-data.shop.t`", "`acme-data`.shop.t"]


def config(**settings: Any) -> bigquery.QueryJobConfig:
    kind = bigquery.ScalarQueryParameter("kind", "STRING", "b")
    return bigquery.QueryJobConfig(query_parameters=[kind], **settings)


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_all_of_its_names(client: bigquery.Client, name: str) -> None:
    query = f"SELECT id FROM {name} WHERE kind = @kind"
    assert [row.id for row in client.query(query, job_config=config()).result()] == [2]
    dry = client.query(query, job_config=config(dry_run=True, use_query_cache=False))
    assert dry.total_bytes_processed == 2 * 2 * 8
    with pytest.raises(exceptions.GoogleAPICallError, match="limit for bytes billed: 1"):
        client.query(query, job_config=config(maximum_bytes_billed=1)).result()


def test_a_table_needs_its_dataset(client: bigquery.Client) -> None:
    with pytest.raises(exceptions.BadRequest, match="must be qualified with a dataset"):
        client.query("SELECT id FROM t").result()


def test_what_is_not_there_is_said(client: bigquery.Client) -> None:
    with pytest.raises(exceptions.GoogleAPICallError, match="no other statement"):
        client.query("DELETE FROM shop.t WHERE true", retry=None, job_retry=None).result()
    with pytest.raises(exceptions.GoogleAPICallError, match="no jobs that load"):
        client.load_table_from_uri("gs://b/x.csv", "acme-data.shop.t", retry=None)


def test_the_addresses_that_the_clients_ask_stand_in_the_documents() -> None:
    text = (Path(__file__).parents[3] / "docs/sources.md").read_text()
    key = service_account.Credentials(None, "a@b", "https://oauth2.googleapis.com/token")
    client = bigquery.Client(project="p", credentials=AnonymousCredentials())
    urls = [
        "https://oauth2.googleapis.com/token",
        f"https://{BigQueryReadClient.DEFAULT_ENDPOINT}",
        client._connection.API_BASE_URL,
        key._build_regional_access_boundary_lookup_url(),
    ]
    hosts = {urlsplit(url).hostname for url in urls}
    assert {host for host in hosts if f"`{host}`" not in text} == set()
    assert len(hosts) == len(urls)
