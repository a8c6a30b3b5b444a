"""What a person may know of the data now: from the person to their audience to its catalog."""

from __future__ import annotations

from flask import current_app

from ..catalog.model import CatalogIndex, TableDetails
from ..catalog.reader import read_index, read_table
from .acts.host import host_acts
from .settings import PortalSettings
from .viewer import Viewer, audience_of

__all__ = ["details_for", "index_for"]


def index_for(viewer: Viewer) -> CatalogIndex:
    """Of the generation that is current. Raises ``CatalogError``."""
    return read_index(_settings().store, audience_of(viewer, host_acts().classes))


def details_for(viewer: Viewer, index: CatalogIndex, path: str) -> TableDetails:
    """Of a table of ``index``. Raises ``CatalogError``."""
    return read_table(_settings().store, audience_of(viewer, host_acts().classes), index, path)


def _settings() -> PortalSettings:
    found: PortalSettings = current_app.extensions["portal"]
    return found
