"""The index, the token and the jobs."""

from __future__ import annotations

from .call import Call, Reply
from .errors import exception_id
from .parameters import listed

__all__ = ["branches", "failed", "index", "job", "jobs", "ticket", "verify"]


async def index(call: Call) -> Reply:
    """GET /v2/storage: 200 for everyone, with any token or none."""
    body = {
        "host": call.base.partition("://")[2],
        "api": "storage",
        "version": "v2",
        "revision": "stand-in",
        "stack": "stand-in",
        "documentation": "https://keboola.docs.apiary.io/",
        "url": f"{call.base}/v2/storage",
        "components": [],
        "services": [
            {"id": "import", "url": call.base},
            {"id": "query", "url": call.base},
        ],
        "features": [],
        "urlTemplates": {"orchestrationJob": f"{call.base}/admin/projects/%%projectId%%"},
    }
    if call.params.text("exclude") in {"components", "componentDetails"}:
        del body["components"]
    return Reply(body)


async def verify(call: Call) -> Reply:
    """GET tokens/verify."""
    return Reply(call.project.tokens.body(call.token, call.project.owner()))


async def job(call: Call) -> Reply:
    """GET jobs/{job}: answers when the job has ended, or when its patience has."""
    project, number = call.project, call.path["job"]
    call.table = project.jobs.get(number).table
    found = await project.jobs.look(number, project.behaviour.patience)
    return Reply(found.body(call.base))


async def failed(call: Call, number: str) -> Reply:
    """The same job, ended with an error: what the fault ``failed_job`` shows."""
    found = call.project.jobs.get(number)
    await found.done.wait()  # else its thread would overwrite the error when it is through
    error = {"code": "internal", "message": "Internal error", "exceptionId": exception_id()}
    found.fail(error, call.project.clock.now())
    return Reply(found.body(call.base))


async def jobs(call: Call) -> Reply:
    """GET jobs."""
    limit, offset = call.params.number("limit") or 100, call.params.number("offset") or 0
    statuses = [str(status) for status in listed(call.params.get("storage_job_status") or [])]
    found = call.project.jobs.newest(limit, offset, statuses)
    return Reply([job.body(call.base) for job in found])


async def ticket(call: Call) -> Reply:
    """POST tickets."""
    call.project.tickets += 1
    return Reply({"id": str(call.project.tickets)}, 201)


async def branches(call: Call) -> Reply:
    """GET dev-branches."""
    del call
    return Reply([{"id": 1, "name": "Main", "isDefault": True, "description": ""}])
