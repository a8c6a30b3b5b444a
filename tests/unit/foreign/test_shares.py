from __future__ import annotations

import pytest

from broker.foreign.shares import share


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        (0, 7, "0 %"),
        (7, 7, "100 %"),
        (0, 0, "0 %"),
        (1, 8, "12.5 %"),
        (1, 2, "50 %"),
        (1, 10**6, "<0.1 %"),
        (10**6 - 1, 10**6, ">99.9 %"),
    ],
)
def test_a_share_is_0_or_100_percent_only_where_that_is_so(
    part: int, whole: int, text: str
) -> None:
    assert share(part, whole) == text
