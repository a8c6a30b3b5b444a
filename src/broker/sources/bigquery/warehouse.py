"""Calls to BigQuery through Google's own clients. Only this file and ``errors`` know them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime
from functools import cached_property
from itertools import chain, islice
from typing import Any

import google.auth
import grpc
import pyarrow as pa
from google.api_core import exceptions
from google.cloud import bigquery
from google.cloud.bigquery_storage_v1 import BigQueryReadClient
from google.cloud.bigquery_storage_v1.services.big_query_read.transports import (
    BigQueryReadGrpcTransport,
)
from google.oauth2 import service_account

from ...errors import ConfigError
from .errors import asking
from .facts import Estimate, Facts
from .settings import Settings
from .sql import Statement
from .types import ApiField, as_text

__all__ = ["Query", "Warehouse"]

LABEL = "data-broker"
_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
_STREAMS = 4
_FEW_ROWS = 10_000  # a read session costs more than these do over REST
_PAGE_ROWS = 20_000
_NEXT_TO_NOTHING = 10 * 1000**2  # what Google bills at least of a query that reads a table


class Warehouse:
    """A project of BigQuery, by the credentials of one source."""

    def __init__(self, settings: Settings) -> None:
        """Raises ``ConfigError`` for an invalid key. Nothing is connected to yet."""
        self._settings = settings
        self._given = _credentials(settings)
        self._clients = threading.local()
        self._lock = threading.Lock()

    def tables(self, dataset: str | None) -> Iterator[str]:
        """``project.dataset.table`` of every table that can be seen, or of those of a dataset."""
        where = f"project {self._settings.project}"
        with asking(where, self._settings.project, may_tell=True):
            names = [dataset] if dataset else [d.dataset_id for d in self._client.list_datasets()]
            for name in names:
                for item in self._client.list_tables(f"{self._settings.project}.{name}"):
                    yield f"{item.project}.{item.dataset_id}.{item.table_id}"

    def facts(self, table: str, where: str) -> Facts:
        """A table by ``project.dataset.table``."""
        with asking(where, self._settings.project, may_tell=True):
            found = self._client.get_table(table)
        keys = found.table_constraints and found.table_constraints.primary_key
        return Facts(
            fields=tuple(field.to_api_repr() for field in found.schema),
            key=tuple(keys.columns) if keys else (),
            description=found.description or "",
            rows=found.num_rows,
            bytes=found.num_bytes,
        )

    def dry_run(self, statement: Statement, where: str) -> Estimate:
        """What a statement would read, without reading it. Its errors show no row."""
        config = self._config(statement, dry_run=True, use_query_cache=False)
        with asking(where, self._settings.project, may_tell=True):
            job = self._client.query(statement.text, job_config=config)
        return Estimate(
            bytes=int(job.total_bytes_processed or 0),
            fields=tuple(field.to_api_repr() for field in job.schema or ()),
        )

    def run(self, statement: Statement, max_bytes: int, where: str) -> Query:
        """Run a statement to its end; its rows then wait in BigQuery for a day."""
        seconds = self._settings.time_limit.total_seconds()
        config = self._config(
            statement, maximum_bytes_billed=max_bytes, job_timeout_ms=int(seconds * 1000)
        )
        with asking(where, self._settings.project):
            job = self._client.query(statement.text, job_config=config)
            total = job.result(timeout=seconds + 60, page_size=0).total_rows
        return Query(self, job, int(total or 0), where)

    def try_storage(self, where: str) -> None:
        """Read a constant through the Storage Read API, which bills nothing.

        Raises ``ForbiddenError`` where the account may not use it.
        """
        config = self._config(Statement(""), maximum_bytes_billed=_NEXT_TO_NOTHING)
        with asking(where, self._settings.project, may_tell=True):
            job = self._client.query("SELECT 1 AS one", job_config=config)
            fields = job.result().schema
            bigquery.DEFAULT_RETRY(self._begun)(job, fields)

    def billed(self, since: datetime) -> int:
        """Bytes that this account's jobs for the broker were billed since an instant."""
        where = f"project {self._settings.project}"
        with asking(where, self._settings.project, may_tell=True):
            jobs = self._client.list_jobs(min_creation_time=since, all_users=False)
            ours = [job for job in jobs if LABEL in (job.labels or {})]
        return sum(int(getattr(job, "total_bytes_billed", 0) or 0) for job in ours)

    def rows(self, job: Any, fields: Sequence[Any], total: int, where: str) -> Iterator[Any]:
        """The batches of a finished job: by the Storage Read API where that is allowed."""
        texts = [bigquery.SchemaField.from_api_repr(as_text(one.to_api_repr())) for one in fields]
        mode = self._settings.storage_api
        with asking(where, self._settings.project):
            if mode == "always" or (mode == "auto" and total > _FEW_ROWS):
                try:
                    # The client tries nothing of a session again before its first rows.
                    first, stream = bigquery.DEFAULT_RETRY(self._begun)(job, texts)
                except exceptions.Forbidden:
                    if mode == "always":
                        raise
                else:
                    yield from chain(first, stream)
                    return
            yield from self._listed(job, texts).to_arrow_iterable()

    def _begun(self, job: Any, fields: Sequence[Any]) -> tuple[list[Any], Iterator[Any]]:
        stream = self._stored(job, fields)
        return list(islice(stream, 1)), stream

    def _stored(self, job: Any, fields: Sequence[Any]) -> Iterator[Any]:
        rows = self._listed(job, fields)
        with closing(
            rows.to_arrow_iterable(
                self._storage, max_stream_count=_STREAMS, max_queue_size=2 * _STREAMS
            )
        ) as batches:
            yield from batches

    def _listed(self, job: Any, fields: Sequence[Any]) -> Any:
        table = bigquery.Table(job.destination, schema=fields)
        return self._client.list_rows(table, page_size=_PAGE_ROWS)

    def _config(self, statement: Statement, **options: Any) -> Any:
        values = [
            bigquery.ScalarQueryParameter(one.name, one.type, one.value)
            for one in statement.parameters
        ]
        return bigquery.QueryJobConfig(query_parameters=values, labels={LABEL: "sync"}, **options)

    @property
    def _client(self) -> Any:
        """One for each thread: they share a connection pool that is not made for several."""
        if not hasattr(self._clients, "client"):
            endpoint = self._settings.api_endpoint
            with asking(f"project {self._settings.project}", self._settings.project):
                self._clients.client = bigquery.Client(
                    project=self._settings.project,
                    credentials=self._credentials,
                    location=self._settings.location,
                    client_options={"api_endpoint": endpoint} if endpoint else None,
                )
        return self._clients.client

    @property
    def _credentials(self) -> Any:
        """Those that were given, else those of the machine, which are asked for once."""
        with self._lock:
            if self._given is None:
                self._given, _ = google.auth.default(scopes=_SCOPES)
        return self._given

    @cached_property
    def _storage(self) -> Any:
        endpoint = self._settings.storage_api_endpoint
        if endpoint and endpoint.startswith("http://"):
            channel = grpc.insecure_channel(endpoint.removeprefix("http://"))
            return BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
        options = {"api_endpoint": endpoint} if endpoint else None
        return BigQueryReadClient(credentials=self._credentials, client_options=options)


class Query:
    """A statement that ran: its rows wait to be fetched."""

    def __init__(self, warehouse: Warehouse, job: Any, total: int, where: str) -> None:
        """``total`` is BigQuery's own count of the rows."""
        self.total = total
        self.began: datetime = job.created
        self.bytes_billed = int(job.total_bytes_billed or 0)
        self._warehouse, self._job, self._where = warehouse, job, where

    def batches(self, fields: Sequence[ApiField]) -> Iterator[pa.RecordBatch]:
        """The rows, as the client gives them for these columns."""
        schema = [bigquery.SchemaField.from_api_repr(dict(field)) for field in fields]
        yield from self._warehouse.rows(self._job, schema, self.total, self._where)


def _credentials(settings: Settings) -> Any:
    """Those of a service account; None for the machine's own."""
    if settings.credentials is None and settings.credentials_file is None:
        return None
    try:
        if settings.credentials is not None:
            info = json.loads(settings.credentials.get_secret_value())
            return service_account.Credentials.from_service_account_info(info, scopes=_SCOPES)
        return service_account.Credentials.from_service_account_file(
            settings.credentials_file, scopes=_SCOPES
        )
    except OSError as error:
        raise ConfigError(
            "the key of the service account cannot be read",
            where=settings.credentials_file,
            found=error.strerror,
        ) from error
    except (ValueError, TypeError, AttributeError):
        raise ConfigError(
            "the service-account key is not a valid key file",
            where="credentials" if settings.credentials else settings.credentials_file,
            expected="the JSON file that Google Cloud gave for the service account, as it is",
        ) from None
