"""What a person may know of the data now: from the person to their audience to its catalog."""

from __future__ import annotations

from flask import current_app

from ..catalog.model import CatalogIndex
from .acts.host import host_acts
from .reading.catalogs import AudienceCatalog, Catalogs
from .viewer import Viewer, audience_of

__all__ = ["catalog_for", "index_for"]


def catalog_for(viewer: Viewer) -> AudienceCatalog:
    """Of the generation that is current. Raises ``CatalogError``."""
    catalogs: Catalogs = current_app.extensions["catalogs"]
    return catalogs.of(audience_of(viewer, host_acts().classes))


def index_for(viewer: Viewer) -> CatalogIndex:
    """Its lists alone. Raises ``CatalogError``."""
    return catalog_for(viewer).index
