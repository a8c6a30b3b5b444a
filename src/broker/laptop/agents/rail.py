"""What is shown of one of the rails of an agent."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Rail"]


@dataclass(frozen=True, slots=True)
class Rail:
    """One of the rails. ``message`` says what was tried; if it does not work, why, and what to do.

    ``works`` is None where this laptop cannot tell.
    """

    name: str
    works: bool | None
    message: str
