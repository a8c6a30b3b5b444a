"""The host in a folder of the tests of accounts, for the commands that look after it."""

from __future__ import annotations

from tests.unit.accounts.conftest import layout, system

__all__ = ["layout", "system"]
