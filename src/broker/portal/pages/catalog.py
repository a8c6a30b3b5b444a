"""The catalog: lists of tables, a page for each table and each column, and the search."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug import Response

from ...catalog.model import CatalogTable
from ..frame.viewing import catalog_page, shared_part
from ..look.pages import requested_page, requested_pages
from ..reading.catalogs import AudienceCatalog, TableView
from ..reading.columns import column_page
from ..reading.queries import table_queries
from ..reading.tables import graph_of

__all__ = ["catalog"]

_TABLES = 100  # on a page
_COLUMNS = 100
_FOUND = 50  # of each kind
# What names a part of a list on the page of a table.
_LISTS = (
    *("page", "text", "samples", "relations", "alerts", "issues", "warnings", "versions"),
    *("partitions", "metrics"),
)

catalog = Blueprint("catalog", __name__)


@catalog.get("/catalog")
@catalog_page
def tables(catalog: AudienceCatalog) -> str:
    """All tables that this person may read, by folder."""
    return _listed(catalog, catalog.tables, folder=None)


@catalog.get("/catalog/folder/<path:folder>")
@catalog_page
def in_folder(catalog: AudienceCatalog, folder: str) -> str:
    """Those of one folder."""
    if folder not in catalog.folders:
        abort(404)
    return _listed(catalog, catalog.folders[folder], folder=folder)


def _listed(catalog: AudienceCatalog, found: Sequence[CatalogTable], folder: str | None) -> str:
    shown, pages = requested_page(found, _TABLES)
    groups = [(name, list(group)) for name, group in groupby(shown, lambda one: one.folder)]
    rows = shared_part(
        catalog,
        "catalog/rows.html",
        (folder, pages.number),
        lambda: {"folder": folder, "groups": groups, "pages": pages},
        has_ages=True,
    )
    return render_template(
        "catalog/tables.html", catalog=catalog, folder=folder, rows=rows, pages=pages
    )


@catalog.get("/catalog/table/<path:path>")
@catalog_page
def table(catalog: AudienceCatalog, path: str) -> str:
    """All that is known of a table."""
    known = catalog.index.table(path)
    if known is None:  # whether it is forbidden or absent nothing here can tell
        abort(404)
    parts = tuple(request.args.get(name) for name in _LISTS)
    body = shared_part(
        catalog, "catalog/table_body.html", (path, parts), lambda: _table_body(catalog, path)
    )
    return render_template("catalog/table.html", catalog=catalog, table=known, body=body)


def _table_body(catalog: AudienceCatalog, path: str) -> Mapping[str, Any]:
    """What of a table is the same while its generation is published."""
    view = _known(catalog, path)
    columns, pages = requested_page(view.table.columns, _COLUMNS)
    return {
        "view": view,
        "table": view.table,
        "details": view.details,
        "profile": view.profile,
        "columns": columns,
        "pages": pages,
        "sketches": view.sketches,
        "history": view.history,
        "relations": catalog.index.relations_of(path),
        "graph": graph_of(catalog.index, path),
        "queries": table_queries(view.table),
        "metrics": catalog.index.metrics_of(path),
    }


@catalog.get("/catalog/column/<path:path>")
@catalog_page
def column(catalog: AudienceCatalog, path: str) -> str:
    """All that is known of a column. Its name is a parameter: it may have any character."""
    view = _known(catalog, path)
    found = column_page(view, request.args.get("name", ""))
    if found is None:
        abort(404)
    relations = [
        one
        for one in catalog.index.relations_of(path)
        if found.column.name
        in (
            (one.column if one.table == path else ""),
            (one.references if one.target == path else ""),
        )
    ]
    return render_template(
        "catalog/column.html",
        catalog=catalog,
        table=view.table,
        page=found,
        column=found.column,
        profile=found.profile,
        relations=relations,
    )


@catalog.get("/search")
def search() -> Response:
    """What was searched for; without a word, the catalog."""
    if not request.args.get("q", "").strip():
        return redirect(url_for("catalog.tables"))
    return _found()


@catalog_page
def _found(catalog: AudienceCatalog) -> str:
    query = request.args.get("q", "").strip()[:200]
    numbers = {kind: request.args.get(f"{kind}s", "1") for kind in ("table", "metric", "column")}
    begin = {
        kind: (int(number) - 1) * _FOUND
        for kind, number in numbers.items()
        if re.fullmatch("[1-9][0-9]{0,5}", number)
    }
    result = catalog.search.find(query, _FOUND, begin)
    counts = {
        "table": result.table_count,
        "metric": result.metric_count,
        "column": result.column_count,
    }
    pages = {kind: requested_pages(count, _FOUND, f"{kind}s") for kind, count in counts.items()}
    return render_template(
        "catalog/found.html", catalog=catalog, query=query, result=result, pages=pages
    )


def _known(catalog: AudienceCatalog, path: str) -> TableView:
    """The table; whether it is forbidden or absent nothing here can tell."""
    view = catalog.table(path)
    if view is None:
        abort(404)
    return view
