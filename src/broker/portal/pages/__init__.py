"""The pages: one blueprint per thing that a person does."""

from __future__ import annotations

from flask import Blueprint

from ..frame.dressing import NavigationItem
from .catalog import catalog
from .health import health
from .metrics import metrics
from .signing_in import signing_in

__all__ = ["BLUEPRINTS", "LIMITED", "NAVIGATION"]

BLUEPRINTS: tuple[Blueprint, ...] = (health, signing_in, catalog, metrics)
LIMITED: tuple[Blueprint, ...] = (signing_in,)
"""Those that anyone can reach: one client may ask them so often, and not more."""
NAVIGATION = (
    NavigationItem("home.home", "Home"),
    NavigationItem("catalog.tables", "Catalog"),
    NavigationItem("metrics.listed", "Metrics"),
)
"""In the order in which every page shows them; a page that an app does not have is left out."""
