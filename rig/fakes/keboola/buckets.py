"""Buckets, and the lists of tables."""

from __future__ import annotations

import re

from .call import Call, Reply
from .describing import ALL, bucket_body, table_body
from .errors import ApiError
from .model import Bucket, Table

__all__ = ["create", "delete", "detail", "list_all", "list_tables", "tables_of"]


async def list_all(call: Call) -> Reply:
    """GET buckets."""
    found = [bucket for bucket in call.project.buckets.values() if call.token.may(bucket.id)]
    return Reply([bucket_body(call.project, call.base, bucket) for bucket in found])


async def detail(call: Call) -> Reply:
    """GET buckets/{bucket}."""
    bucket = call.project.bucket(call.path["bucket"], call.token)
    body = bucket_body(call.project, call.base, bucket)
    include = set(call.params.words("include"))
    if include:
        body["tables"] = [
            table_body(call.project, call.base, table, include)
            for table in call.project.tables.values()
            if table.bucket is bucket
        ]
    return Reply(body)


async def create(call: Call) -> Reply:
    """POST buckets."""
    name, stage = call.params.text("name") or "", call.params.text("stage") or ""
    if not re.fullmatch(r"[\w-]+", name, re.ASCII) or stage not in {"in", "out"}:
        raise ApiError(400, "Invalid bucket name or stage", "storage.buckets.validation")
    bucket = Bucket(
        f"c-{name}",
        stage,
        call.project.clock.now(),
        description=call.params.text("description") or "",
        display_name=call.params.text("displayName") or "",
        backend=call.params.text("backend") or "snowflake",
    )
    if bucket.id in call.project.buckets:
        message = f"The bucket {bucket.name} already exists."
        raise ApiError(409, message, "storage.buckets.alreadyExists")
    call.project.buckets[bucket.id] = bucket
    return Reply(bucket_body(call.project, call.base, bucket), 201)


async def delete(call: Call) -> Reply:
    """DELETE buckets/{bucket}."""
    bucket = call.project.bucket(call.path["bucket"], call.token, write=True)
    tables = [table for table in call.project.tables.values() if table.bucket is bucket]
    if tables and not call.params.flag("force"):
        message = f"Only empty buckets can be deleted. There are {len(tables)} tables in it."
        raise ApiError(400, message, "buckets.deleteNotEmpty")

    def work() -> None:
        for table in tables:
            call.project.tables.pop(table.id, None)
            call.project.rows.drop(table)
        call.project.buckets.pop(bucket.id, None)

    if call.params.flag("async"):
        return call.accepted(call.job("bucketDelete", work, None, {"id": bucket.id}))
    await call.thread(work)
    return Reply(status=204)


async def list_tables(call: Call) -> Reply:
    """GET tables."""
    found = [table for table in call.project.tables.values() if call.token.may(table.bucket.id)]
    return _listed(call, found)


async def tables_of(call: Call) -> Reply:
    """GET buckets/{bucket}/tables."""
    bucket = call.project.bucket(call.path["bucket"], call.token)
    return _listed(
        call, [table for table in call.project.tables.values() if table.bucket is bucket]
    )


def _listed(call: Call, tables: list[Table]) -> Reply:
    """Without ``include`` a table shows its bucket, with an empty one not even that."""
    named = call.params.words("include")
    include = set(named) & ALL if "include" in call.params else {"buckets"}
    include.discard("detail")
    return Reply([table_body(call.project, call.base, table, include) for table in tables])
