"""The Storage Read API over gRPC, with the messages of Google's own client."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import types

from .project import Project, Table

__all__ = ["StorageApi"]

_SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"
_STREAMS = 2
_BATCH_ROWS = 4_000


class StorageApi:
    """Serves the answers of queries, each in two streams."""

    def __init__(self, project: Project, host: str) -> None:
        """Begins to serve on a free port."""
        self._project = project
        self._sessions: dict[str, tuple[Table, int]] = {}
        self._numbers = itertools.count(1)
        self._server = grpc.server(ThreadPoolExecutor(8))
        self._server.add_generic_rpc_handlers((self._handlers(),))
        self.url = f"http://{host}:{self._server.add_insecure_port(f'{host}:0')}"
        self._server.start()

    def stop(self) -> None:
        """Close the socket."""
        self._server.stop(grace=0).wait()

    def _handlers(self) -> grpc.GenericRpcHandler:
        session = grpc.unary_unary_rpc_method_handler(
            self._create,
            request_deserializer=types.CreateReadSessionRequest.deserialize,
            response_serializer=types.ReadSession.serialize,
        )
        rows = grpc.unary_stream_rpc_method_handler(
            self._read,
            request_deserializer=types.ReadRowsRequest.deserialize,
            response_serializer=types.ReadRowsResponse.serialize,
        )
        handlers = {"CreateReadSession": session, "ReadRows": rows}
        return grpc.method_handlers_generic_handler(_SERVICE, handlers)

    def _create(
        self, request: types.CreateReadSessionRequest, context: grpc.ServicerContext
    ) -> types.ReadSession:
        self._suffer("session", context)
        name = self._project.name
        if {"bigquery.readsessions.create"} & self._project.denied:
            context.abort(
                grpc.StatusCode.PERMISSION_DENIED,
                "request failed: the user does not have 'bigquery.readsessions.create' "
                f"permission for 'projects/{name}'",
            )
        *_, dataset, _, table_name = request.read_session.table.split("/")
        table = self._project.table(dataset, table_name)
        count = min(request.max_stream_count or _STREAMS, _STREAMS)
        if self._project.count(table) == 0:
            count = 0
        session = f"projects/{name}/locations/eu/sessions/{next(self._numbers)}"
        streams = [f"{session}/streams/{number}" for number in range(count)]
        for number, stream in enumerate(streams):
            self._sessions[stream] = (table, number)
        schema = _serialized(self._project.announced(table))
        return types.ReadSession(
            name=session,
            table=request.read_session.table,
            data_format=types.DataFormat.ARROW,
            arrow_schema=schema,
            streams=[types.ReadStream(name=one) for one in streams],
        )

    def _read(
        self, request: types.ReadRowsRequest, context: grpc.ServicerContext
    ) -> Iterator[types.ReadRowsResponse]:
        table, number = self._sessions[request.read_stream]
        rows = _as_announced(self._project.arrow(table), self._project.announced(table))
        rows = rows.take(pa.array(range(number, rows.num_rows, _STREAMS), pa.int64()))
        for batch in rows.slice(request.offset).combine_chunks().to_batches(_BATCH_ROWS):
            self._suffer("stream", context)
            content = types.ArrowRecordBatch(
                serialized_record_batch=batch.serialize().to_pybytes(), row_count=batch.num_rows
            )
            yield types.ReadRowsResponse(
                arrow_record_batch=content,
                arrow_schema=_serialized(batch.schema),
                row_count=batch.num_rows,
            )

    def _suffer(self, phase: str, context: grpc.ServicerContext) -> None:
        fault = self._project.faults.take(phase)
        if fault is not None:
            context.abort(_CODES[fault.kind], f"{fault.kind}, as asked for")


_CODES = {
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "quota": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "unauthorized": grpc.StatusCode.UNAUTHENTICATED,
    "reset": grpc.StatusCode.INTERNAL,
}


def _serialized(schema: pa.Schema) -> types.ArrowSchema:
    return types.ArrowSchema(serialized_schema=schema.serialize().to_pybytes())


def _as_announced(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """In the types that were announced; DuckDB keeps long decimals as text."""
    columns = [_cast(rows[one.name].combine_chunks(), one.type) for one in schema]
    return pa.table(columns, schema=schema)


def _cast(values: Any, type_: pa.DataType) -> pa.Array:
    if values.type == type_:
        return values
    if pa.types.is_nested(type_) or pa.types.is_decimal256(type_):
        return pa.array([_exact(one, type_) for one in values.to_pylist()], type_)
    return values.cast(type_)


def _exact(value: Any, type_: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_list(type_):
        return [_exact(one, type_.value_type) for one in value]
    if pa.types.is_struct(type_):
        return {one.name: _exact(value[one.name], one.type) for one in type_}
    return Decimal(value) if pa.types.is_decimal256(type_) else value
