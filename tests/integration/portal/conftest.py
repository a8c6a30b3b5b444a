"""A browser, and what judges its pages."""

from __future__ import annotations

from tests.chromium import axe, chromium

__all__ = ["axe", "chromium"]
