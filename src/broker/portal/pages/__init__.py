"""The pages: one blueprint per thing that a person does."""

from __future__ import annotations

from flask import Blueprint

from ..frame.dressing import NavigationItem
from .access import access
from .activity import activity
from .admin import admin
from .catalog import catalog
from .datasets import datasets
from .device import device
from .health import health
from .home import home
from .keys import keys
from .metrics import metrics
from .signing_in import signing_in
from .welcome import welcome

__all__ = ["BLUEPRINTS", "LIMITED", "NAVIGATION"]

BLUEPRINTS: tuple[Blueprint, ...] = (
    health,
    signing_in,
    home,
    welcome,
    catalog,
    metrics,
    datasets,
    keys,
    access,
    activity,
    device,
    admin,
)
LIMITED: tuple[Blueprint, ...] = (signing_in,)
"""Those that anyone can reach: one client may ask them so often, and not more."""
NAVIGATION = (
    NavigationItem("home.home", "Home"),
    NavigationItem("catalog.tables", "Catalog"),
    NavigationItem("metrics.listed", "Metrics"),
    NavigationItem("datasets.listed", "Datasets"),
    NavigationItem("keys.listed", "Keys"),
    NavigationItem("access.listed", "Access"),
    NavigationItem("activity.own", "Activity"),
    NavigationItem("admin.overview", "Admin", for_admins=True),
)
"""In the order in which every page shows them; a page that an app does not have is left out."""
