"""The host in a folder of the unit tests, with real processes beside it."""

from __future__ import annotations

from tests.unit.accounts.conftest import ask, layout, system

__all__ = ["ask", "layout", "system"]
