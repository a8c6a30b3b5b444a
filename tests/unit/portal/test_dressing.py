from __future__ import annotations

import pytest

from broker.portal.frame.dressing import below_title


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Orders", []),
        (
            "# Orders\nAmounts are in cents.\nTest orders count.",
            ["Amounts are in cents. Test orders count."],
        ),
        ("Orders\n\nOne.\n\nTwo.", ["One.", "Two."]),
        ("x" * 201 + "\n\nOne.", ["x" * 201, "One."]),
        ("", []),
    ],
)
def test_a_page_shows_all_of_a_description_but_the_line_that_is_its_title(
    text: str, expected: list[str]
) -> None:
    assert below_title(text) == expected
