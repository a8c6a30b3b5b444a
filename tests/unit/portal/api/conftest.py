"""A portal with Anna (private), Bob (public alone), Cleo (no account) and Dora (an admin)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.portal.scene import Scene, scene


@pytest.fixture
def portal() -> Iterator[Scene]:
    with scene() as made:
        made.door.add("anna", email="anna@example.com", classes=["private"])
        made.door.add("bob", email="bob@example.com")
        made.add("anna", "anna")
        made.add("bob", "bob")
        made.add("cleo")
        made.add("dora", admin=True)
        yield made
