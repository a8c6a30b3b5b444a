"""Files of the project: prepared for an upload, looked at, listed, deleted."""

from __future__ import annotations

import itertools
from typing import Any

from ..stores.store import StoredFile
from .call import Call, Reply
from .clock import shown
from .errors import ApiError
from .model import File
from .parameters import listed

__all__ = ["delete", "detail", "list_all", "next_id", "prepare"]

_ids = itertools.count(1_044_312_000)


def next_id() -> int:
    """A number for a new file."""
    return next(_ids)


async def prepare(call: Call) -> Reply:
    """POST files/prepare."""
    params = call.params
    name = params.text("name")
    if not name:
        message = 'Invalid request:\n - name: "This field is missing."'
        raise ApiError(400, message, "storage.validation")
    number = next_id()
    created = call.project.clock.now()
    key = f"exp-15/{call.project.number}/files/{created:%Y/%m/%d}/{number}.{name}"
    file = File(
        StoredFile(number, name, key, params.flag("isSliced")),
        created,
        [str(tag) for tag in listed(params.get("tags") or [])],
        bytes=params.number("sizeBytes") or 0,
        is_permanent=params.flag("isPermanent"),
        is_public=params.flag("isPublic"),
        is_encrypted=params.flag("isEncrypted", default=True),
        max_age_days=None if params.flag("isPermanent") else 15,
        run_id=call.run_id,
    )
    call.project.files[number] = file
    upload = await call.thread(lambda: call.project.store.upload(file.stored))
    return Reply({**_body(call, file), **upload}, 201)


async def detail(call: Call) -> Reply:
    """GET files/{file}."""
    file = call.project.file(call.path["file"], call.token)
    call.table = file.table
    federated = call.params.flag("federationToken")
    where = await call.thread(lambda: call.project.store.location(file.stored, federated=federated))
    return Reply({**_body(call, file), **where})


async def list_all(call: Call) -> Reply:
    """GET files."""
    limit = call.params.number("limit") or 100
    offset = call.params.number("offset") or 0
    tags = {str(tag) for tag in listed(call.params.get("tags") or [])}
    files = [file for file in call.project.files.values() if not tags or tags & set(file.tags)]
    return Reply([_body(call, file) for file in files[::-1][offset : offset + limit]])


async def delete(call: Call) -> Reply:
    """DELETE files/{file}."""
    file = call.project.file(call.path["file"], call.token)
    del call.project.files[file.stored.id]
    await call.thread(lambda: call.project.store.delete(file.stored.key))
    return Reply(status=204)


def _body(call: Call, file: File) -> dict[str, Any]:
    stored, creator = file.stored, call.token.creator()
    return {
        "id": stored.id,
        "created": shown(file.created),
        "isPublic": file.is_public,
        "isSliced": stored.is_sliced,
        "isEncrypted": file.is_encrypted,
        "name": stored.name,
        "fileType": file.file_type,
        "sizeBytes": file.bytes,
        "provider": call.project.store.provider,
        "tags": file.tags,
        "maxAgeDays": file.max_age_days,
        "runId": file.run_id,
        "runIds": [file.run_id] if file.run_id else [],
        "creatorToken": {**creator, "id": int(creator["id"])},
    }
