"""No variable is missing from the documentation, and none is told wrongly."""

from __future__ import annotations

from .settings import PAGE, render


def test_the_page_says_what_the_declarations_say() -> None:
    assert PAGE.read_text() == render(), "type: python -m tests.unit.ansible.settings"
