"""The pages: one blueprint per thing that a person does."""

from __future__ import annotations

from flask import Blueprint

from .health import health

__all__ = ["BLUEPRINTS"]

BLUEPRINTS: tuple[Blueprint, ...] = (health,)
