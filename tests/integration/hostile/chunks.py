"""All cases with BROKER_TORTURE, else a few that are always the same."""

from __future__ import annotations

import os
from typing import Any

import pytest

from tests.hostile.inputs import CASES

__all__ = ["chunks"]

_AT_ONCE = 100


def chunks(sample: int) -> list[Any]:
    """The numbers of the cases of each test, and its name."""
    if os.environ.get("BROKER_TORTURE"):
        starts = range(0, CASES, _AT_ONCE)
        return [pytest.param(range(n, n + _AT_ONCE), id=f"{n}-{n + _AT_ONCE - 1}") for n in starts]
    return [pytest.param(range(0, CASES, CASES // sample), id=f"every {CASES // sample}th")]
