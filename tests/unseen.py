"""What a run could not test for want of a part of this machine: said loud at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

__all__ = ["NO_BROWSER", "unseen"]

NO_BROWSER = "no browser: "


def unseen(reasons: Iterable[str]) -> list[str]:
    """Lines about the tests of pages that were skipped, by the reasons of all that were."""
    counted = Counter(reason.partition(NO_BROWSER)[2] for reason in reasons if NO_BROWSER in reason)
    return [
        f"NOT TESTED: {count} tests of the portal in a browser. {reason}"
        for reason, count in counted.items()
    ]
