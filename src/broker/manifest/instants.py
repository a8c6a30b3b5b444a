"""Instants as files of a broker have them: with a zone, and in UTC once they are read."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

__all__ = ["UtcInstant"]


def _utc(instant: AwareDatetime) -> AwareDatetime:
    return instant.astimezone(UTC)


UtcInstant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""One without a zone is refused."""
