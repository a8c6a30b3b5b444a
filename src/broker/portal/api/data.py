"""What a person asks of the data: the catalog, profiles, freshness, generations."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import current_app

from ...catalog.model import CatalogTable, TableDetails
from ...catalog.places import INDEX
from ...classes import CATALOG
from ...foreign.paths import is_generation
from ..acts.host import host_acts
from ..audience_catalog import catalog_for, index_for
from ..reading.freshness import freshness_of
from ..viewer import audience_of
from .caller import api_viewer
from .models import (
    ApiCatalog,
    ApiColumn,
    ApiFreshness,
    ApiGeneration,
    ApiGenerations,
    ApiMetric,
    ApiProfile,
    ApiRelation,
    ApiTable,
    ApiTableDetails,
    FreshnessList,
)
from .problem import ApiProblem

_STATES = {"good": "fresh", "warn": "late", "bad": "failed"}
__all__ = ["catalog", "freshness", "generations", "profile", "table"]


def catalog() -> ApiCatalog:
    """All that the holder of the token may know of the current generation."""
    index = index_for(api_viewer())
    return ApiCatalog(
        generation=index.generation,
        created_at=index.created_at,
        classes=list(index.classes),
        tables=[_table(one) for one in index.tables],
        relations=[
            ApiRelation(
                table=one.table,
                column=one.column,
                target=one.target,
                references=one.references,
                description=one.description,
            )
            for one in index.relations
        ],
        metrics=[
            ApiMetric(
                name=one.name,
                title=one.title,
                description=one.description,
                unit=one.unit,
                sql=one.sql,
                tables=list(one.tables),
                value=one.result.value if one.result else None,
                time=one.result.time if one.result else None,
                problem=one.problem,
            )
            for one in index.metrics
        ],
    )


def table(folder: str, name: str) -> ApiTableDetails:
    """A table and its description."""
    known, details = _details(folder, name)
    return ApiTableDetails(
        table=_table(known), description=details.description, warnings=list(details.warnings)
    )


def profile(folder: str, name: str) -> ApiProfile:
    """The profile, as far as the class of the table shows it."""
    known, details = _details(folder, name)
    return ApiProfile(path=known.path, profile=details.profile)


def freshness() -> FreshnessList:
    """How old every table is, and may be."""
    index, now = index_for(api_viewer()), datetime.now(UTC)
    found = [(one, freshness_of(one, now)) for one in index.tables]
    return FreshnessList(
        generation=index.generation,
        tables=[
            ApiFreshness.model_validate(
                {
                    "path": one.path,
                    "as_of": one.as_of,
                    "loaded_at": one.loaded_at,
                    "watermark": one.watermark,
                    "promise_seconds": one.freshness_seconds,
                    "age_seconds": _age(one, now),
                    "state": _STATES.get(age.grade, "unknown"),
                    "status": str(one.status),
                }
            )
            for one, age in found
        ],
    )


def generations() -> ApiGenerations:
    """Those that have a catalog for the classes of the holder of the token, the newest first.

    Admins see all.
    """
    viewer = api_viewer()
    index = index_for(viewer)
    folder = current_app.extensions["portal"].store / CATALOG
    known = [one for one in folder.iterdir() if is_generation(one.name)]
    if not viewer.is_admin:
        own = audience_of(viewer, host_acts().classes).path
        known = [one for one in known if (one / own / INDEX).is_file()]
    names = sorted((one.name for one in known), reverse=True)
    return ApiGenerations(
        generations=[
            ApiGeneration(generation=name, is_current=name == index.generation) for name in names
        ]
    )


def _details(folder: str, name: str) -> tuple[CatalogTable, TableDetails]:
    found = catalog_for(api_viewer()).table(f"{folder}/{name}")
    if found is None:
        raise ApiProblem(404, "There is no such table.")
    return found.table, found.details


def _age(one: CatalogTable, now: datetime) -> int | None:
    return None if one.as_of is None else max(0, int((now - one.as_of).total_seconds()))


def _table(one: CatalogTable) -> ApiTable:
    return ApiTable(
        path=one.path,
        name=one.name,
        view=one.view,
        access=one.access,
        title=one.title,
        dataset=one.dataset,
        rows=one.rows,
        bytes=one.bytes,
        status=str(one.status),
        columns=[
            ApiColumn(
                name=column.name,
                type=column.type,
                description=column.description,
                nullable=column.nullable,
            )
            for column in one.columns
        ],
        key=list(one.key),
    )
