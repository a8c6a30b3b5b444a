"""The API's clock, which tests may move, and the ways in which its texts name an instant."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone

__all__ = ["Clock", "shown"]

# The offset without a colon is what Python before 3.11 cannot read; Europe's stacks are ahead of
# UTC.
ZONE = timezone(timedelta(hours=1))
_RELATIVE = re.compile(r"([+-]?)\s*(\d+)\s+(second|sec|minute|min|hour|day|week)s?(\s+ago)?")
_UNITS = {"sec": "seconds", "min": "minutes"}


def shown(moment: datetime | None) -> str | None:
    """As the API writes it: ``2026-01-05T10:00:00+0100``."""
    if moment is None:
        return None
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S%z")


class Clock:
    """This machine's time, moved by some seconds."""

    def __init__(self) -> None:
        """Not moved."""
        self._ahead = 0.0

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ahead += seconds

    def unix(self) -> float:
        """Now, in Unix seconds."""
        return time.time() + self._ahead

    def now(self) -> datetime:
        """Now, in whole seconds of UTC, as rows are stamped."""
        return datetime.fromtimestamp(int(self.unix()), UTC)

    def parse(self, text: str) -> datetime:
        """Unix seconds, ISO 8601, or ``-2 days``; raises ``ValueError``."""
        text = text.strip()
        if re.fullmatch(r"\d+(\.\d+)?", text):
            return datetime.fromtimestamp(float(text), UTC)
        if text in {"now", "today"}:
            return self.now()
        if match := _RELATIVE.fullmatch(text):
            sign, number, unit, ago = match.groups()
            passed = timedelta(**{_UNITS.get(unit, f"{unit}s"): int(number)})
            return self.now() + (-passed if sign == "-" or ago else passed)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZONE)).astimezone(UTC)
