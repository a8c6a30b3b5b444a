"""The pages: one blueprint per thing that a person does."""

from __future__ import annotations

from flask import Blueprint

from .health import health
from .signing_in import signing_in

__all__ = ["BLUEPRINTS", "LIMITED"]

BLUEPRINTS: tuple[Blueprint, ...] = (health, signing_in)
LIMITED: tuple[Blueprint, ...] = (signing_in,)
"""Those that anyone can reach: one client may ask them so often, and not more."""
