"""Metrics: numbers that are defined once, with their last value and how it went."""

from __future__ import annotations

from flask import Blueprint, abort, render_template

from ..frame.viewing import catalog_page
from ..identity.current import time_now
from ..look.pages import requested_page
from ..reading.catalogs import AudienceCatalog
from ..reading.metrics import metric_view
from ..reading.queries import metric_queries

__all__ = ["metrics"]

_METRICS = 100  # on a page

metrics = Blueprint("metrics", __name__)


@metrics.get("/catalog/metrics")
@catalog_page
def listed(catalog: AudienceCatalog) -> str:
    """All metrics whose tables this person may read."""
    found, pages = requested_page(catalog.index.metrics, _METRICS)
    views = [metric_view(catalog.index, one, time_now()) for one in found]
    return render_template("metrics/metrics.html", catalog=catalog, views=views, pages=pages)


@metrics.get("/catalog/metrics/<name>")
@catalog_page
def metric(catalog: AudienceCatalog, name: str) -> str:
    """A metric: what it is, its SQL, its last value."""
    found = catalog.index.metric(name)
    if found is None:
        abort(404)
    return render_template(
        "metrics/metric.html",
        catalog=catalog,
        metric=found,
        view=metric_view(catalog.index, found, time_now()),
        queries=metric_queries(found),
    )
