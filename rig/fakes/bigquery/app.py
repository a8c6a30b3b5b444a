"""The REST API: paths to calls. As https://cloud.google.com/bigquery/docs/reference/rest has it."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from .cells import row
from .errors import ApiError, absent
from .faults import Fault
from .project import ANSWERS, Job, Project, Table
from .tokens import Tokens

__all__ = ["application"]

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_HOME = "/bigquery/v2/projects/{project}"
_PAGE_ROWS = 5_000


def application(project: Project, tokens: Tokens, requests: Counter[str]) -> web.Application:
    """The application that is the API and the token endpoint; ``requests`` counts by phase."""
    api = _Api(project, tokens, requests)
    app = web.Application(middlewares=[api.answer], client_max_size=1 << 28)
    tables = f"{_HOME}/datasets/{{dataset}}/tables"
    app.router.add_post("/token", api.token, name="token")
    app.router.add_get(f"{_HOME}/datasets", api.datasets)
    app.router.add_post(f"{_HOME}/datasets", api.add_dataset)
    app.router.add_get(tables, api.tables)
    app.router.add_post(tables, api.add_table)
    app.router.add_get(f"{tables}/{{table}}", api.table, name="table")
    app.router.add_post(f"{tables}/{{table}}/insertAll", api.insert)
    app.router.add_get(f"{tables}/{{table}}/data", api.rows, name="rows")
    app.router.add_post(f"{_HOME}/jobs", api.start, name="start")
    app.router.add_get(f"{_HOME}/jobs", api.jobs, name="jobs")
    app.router.add_get(f"{_HOME}/jobs/{{job}}", api.job)
    app.router.add_get(f"{_HOME}/queries/{{job}}", api.poll, name="poll")
    return app


class _Api:
    def __init__(self, project: Project, tokens: Tokens, requests: Counter[str]) -> None:
        self._project, self._tokens, self.requests = project, tokens, requests

    @web.middleware
    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check who asks, let go wrong what shall, and tell errors as the API does."""
        fault = await self._fault(request)
        try:
            if fault is not None and fault.answer is not None:
                raise fault.answer
            if request.path != "/token":
                self._tokens.check(request.headers.get("Authorization", ""))
                if request.match_info.get("project") != self._project.name:
                    raise absent("Project", str(request.match_info.get("project")))
            response = await handler(request)
        except ApiError as error:
            response = web.json_response(error.body, status=error.code, headers=error.headers)
        except Exception as error:  # a 500 would be asked again for ten minutes
            traceback.print_exc()
            refusal = ApiError(501, "notImplemented", f"the stand-in cannot do that: {error!r}")
            response = web.json_response(refusal.body, status=refusal.code)
        return await _spoilt(request, response, fault)

    async def _fault(self, request: web.Request) -> Fault | None:
        phase = request.match_info.route.name
        self.requests[str(phase)] += 1
        if phase == "start" and (await request.json())["configuration"].get("dryRun"):
            phase = "dry"
        return self._project.faults.take(phase) if phase else None

    async def token(self, request: web.Request) -> web.Response:
        """RFC 7523."""
        form = await request.post()
        try:
            token = self._tokens.exchange(str(form["assertion"]))
        except ApiError as error:
            body = {"error": error.reason, "error_description": error.message}
            return web.json_response(body, status=error.code)
        return web.json_response(
            {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        )

    async def datasets(self, _: web.Request) -> web.Response:
        """datasets.list"""
        found = [name for name in self._project.datasets if name != ANSWERS]
        return web.json_response({"datasets": [self._dataset(name) for name in found]})

    async def add_dataset(self, request: web.Request) -> web.Response:
        """datasets.insert"""
        sent = await request.json()
        name = sent["datasetReference"]["datasetId"]
        self._project.add_dataset(name, sent)
        return web.json_response(self._dataset(name))

    def _dataset(self, name: str) -> dict[str, Any]:
        reference = {"projectId": self._project.name, "datasetId": name}
        return {"kind": "bigquery#dataset", "datasetReference": reference, "location": "EU"}

    async def tables(self, request: web.Request) -> web.Response:
        """tables.list"""
        dataset = request.match_info["dataset"]
        if dataset not in self._project.datasets:
            raise absent("Dataset", f"{self._project.name}:{dataset}")
        name = f"{self._project.name}:{dataset}"
        message = f"Dataset {name}: Permission bigquery.tables.list denied on dataset {name}"
        self._project.allow("bigquery.tables.list", dataset, message)
        found = [one for (home, _), one in self._project.tables.items() if home == dataset]
        listed = [{"tableReference": self._reference(one), "type": "TABLE"} for one in found]
        return web.json_response({"tables": listed, "totalItems": len(listed)})

    async def add_table(self, request: web.Request) -> web.Response:
        """tables.insert"""
        sent = await request.json()
        name = sent["tableReference"]["tableId"]
        rest = {key: value for key, value in sent.items() if key not in ("schema", "labels")}
        fields = sent["schema"]["fields"]
        dataset = request.match_info["dataset"]
        table = await asyncio.to_thread(
            lambda: self._project.add_table(dataset, name, fields, **rest)
        )
        return web.json_response(self._table(table))

    async def table(self, request: web.Request) -> web.Response:
        """tables.get"""
        table = self._project.table(request.match_info["dataset"], request.match_info["table"])
        name = f"{self._project.name}:{table.dataset}.{table.name}"
        message = (
            f"Table {name}: Permission bigquery.tables.get denied on table {name} "
            "(or it may not exist)."
        )
        self._project.allow("bigquery.tables.get", name.replace(":", "."), message)
        return web.json_response(await asyncio.to_thread(self._table, table))

    def _table(self, table: Table) -> dict[str, Any]:
        rows = self._project.count(table)
        return {
            **table.resource,
            "tableReference": self._reference(table),
            "schema": {"fields": table.fields},
            "numRows": str(rows),
            "numBytes": str(rows * 8 * len(table.fields)),
            "type": "TABLE",
        }

    def _reference(self, table: Table) -> dict[str, str]:
        return {
            "projectId": self._project.name,
            "datasetId": table.dataset,
            "tableId": table.name,
        }

    async def insert(self, request: web.Request) -> web.Response:
        """tabledata.insertAll"""
        table = self._project.table(request.match_info["dataset"], request.match_info["table"])
        rows = [one["json"] for one in (await request.json())["rows"]]
        await asyncio.to_thread(self._project.insert, table, rows)
        return web.json_response({"kind": "bigquery#tableDataInsertAllResponse"})

    async def rows(self, request: web.Request) -> web.Response:
        """tabledata.list"""
        table = self._project.table(request.match_info["dataset"], request.match_info["table"])
        return web.json_response(await asyncio.to_thread(self._page, table, request.query))

    def _page(self, table: Table, query: Mapping[str, str]) -> dict[str, Any]:
        start = int(query.get("pageToken") or query.get("startIndex") or 0)
        size = min(int(query.get("maxResults", _PAGE_ROWS)), _PAGE_ROWS)
        page = self._project.page(table, start, size) if size else []
        total = self._project.count(table)
        answer: dict[str, Any] = {"totalRows": str(total)}
        answer["rows"] = [row(one, table.fields) for one in page]
        if start + len(page) < total:
            answer["pageToken"] = str(start + len(page))
        return answer

    async def start(self, request: web.Request) -> web.Response:
        """jobs.insert"""
        sent = await request.json()
        name = self._project.name
        message = (
            f"Project {name}: User does not have bigquery.jobs.create permission in project {name}."
        )
        self._project.allow("bigquery.jobs.create", name, message)
        configuration = sent["configuration"]
        if "query" not in configuration:
            message = "The stand-in has queries, and no jobs that load, copy or extract."
            raise ApiError(501, "notImplemented", message)
        if configuration.get("dryRun"):
            found = await asyncio.to_thread(self._project.dry_run, configuration["query"])
            return web.json_response(self._dry(configuration, *found))
        job_id = sent["jobReference"]["jobId"]
        if job_id in self._project.jobs:
            raise ApiError(409, "duplicate", f"Already Exists: Job {name}:EU.{job_id}")
        job = await asyncio.to_thread(self._project.start, job_id, configuration)
        return web.json_response(self._job(job))

    def _dry(
        self, configuration: dict[str, Any], size: int, fields: list[dict[str, Any]]
    ) -> dict[str, Any]:
        return {
            "jobReference": {"projectId": self._project.name, "location": "EU"},
            "configuration": configuration,
            "status": {"state": "DONE"},
            "statistics": {
                "creationTime": _millis(datetime.now(UTC)),
                "totalBytesProcessed": str(size),
                "query": {"totalBytesProcessed": str(size), "schema": {"fields": fields}},
            },
        }

    def _job(self, job: Job) -> dict[str, Any]:
        status: dict[str, Any] = {"state": "DONE"}
        if job.error is not None:
            status |= {"errorResult": job.error.detail, "errors": [job.error.detail]}
        query = dict(job.configuration["query"])
        if job.answer is not None:
            query["destinationTable"] = self._reference(job.answer)
        times = dict.fromkeys(("creationTime", "startTime", "endTime"), _millis(job.created))
        bytes_ = str(job.bytes)
        return {
            "id": f"{self._project.name}:EU.{job.id}",
            "jobReference": self._job_reference(job),
            "configuration": {**job.configuration, "jobType": "QUERY", "query": query},
            "status": status,
            "user_email": self._tokens.email,
            "statistics": {
                **times,
                "totalBytesProcessed": bytes_,
                "query": {"totalBytesProcessed": bytes_, "totalBytesBilled": bytes_},
            },
        }

    def _job_reference(self, job: Job) -> dict[str, str]:
        return {"projectId": self._project.name, "jobId": job.id, "location": "EU"}

    async def jobs(self, request: web.Request) -> web.Response:
        """jobs.list"""
        name = self._project.name
        message = f"Project {name}: User does not have bigquery.jobs.list permission in {name}."
        self._project.allow("bigquery.jobs.list", name, message)
        since = int(request.query.get("minCreationTime", 0))
        found = [job for job in self._project.jobs.values() if int(_millis(job.created)) >= since]
        return web.json_response({"jobs": [self._job(job) for job in found]})

    async def job(self, request: web.Request) -> web.Response:
        """jobs.get"""
        return web.json_response(self._job(self._found(request)))

    async def poll(self, request: web.Request) -> web.Response:
        """jobs.getQueryResults"""
        job = self._found(request)
        if job.error is not None:
            raise job.error
        assert job.answer is not None
        answer = await asyncio.to_thread(self._page, job.answer, request.query)
        return web.json_response(
            {
                **answer,
                "jobReference": self._job_reference(job),
                "jobComplete": True,
                "schema": {"fields": job.answer.fields},
            }
        )

    def _found(self, request: web.Request) -> Job:
        job = self._project.jobs.get(request.match_info["job"])
        if job is None:
            raise absent("Job", request.match_info["job"])
        return job


async def _spoilt(
    request: web.Request, response: web.StreamResponse, fault: Fault | None
) -> web.StreamResponse:
    """What a fault leaves of an answer."""
    if fault is None or fault.answer is not None:
        return response
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    assert request.transport is not None
    if fault.kind == "lost_rows":
        content = json.loads(response.body)
        content["rows"] = content["rows"][:-1]
        return web.json_response(content)
    if fault.kind == "truncate":
        half = web.StreamResponse(headers={"Content-Type": "application/json"})
        half.content_length = len(response.body)
        await half.prepare(request)
        await half.write(response.body[: len(response.body) // 2])
    request.transport.close()
    return response


def _millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
