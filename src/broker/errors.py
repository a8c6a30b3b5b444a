"""Every error a person can meet, as one tree.

BrokerError
├── ConfigError      a configuration file is invalid
├── SourceError      a source did not answer, or not completely
│   ├── AbsentError      the source has no such table
│   └── ForbiddenError   the source does not let us look at it
├── TableError       rows could not be turned into a table
├── PublishError     a generation could not be staged, published, read or verified
├── CatalogError     what the portal shows of a generation is not there, or cannot be read
├── LaptopError      data could not be brought to a laptop, or asked there
├── AccountsError    a request about an analyst, a key or a class cannot be carried out
├── PortalError      the portal cannot do what a person asks of it
│   ├── PortalStateError the portal's database cannot be read or written
│   └── SignInError      a person cannot be signed in
└── LockedError      another process is doing the same thing right now
    └── UnansweredError  a root helper took the request and gave no answer

Standard library only: the Ansible modules ship this file to the hosts they manage.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .foreign.text import shown

__all__ = [
    "AbsentError",
    "AccountsError",
    "BrokerError",
    "CatalogError",
    "ConfigError",
    "ForbiddenError",
    "LaptopError",
    "LockedError",
    "PortalError",
    "PortalStateError",
    "PublishError",
    "SignInError",
    "SourceError",
    "TableError",
    "UnansweredError",
    "nearest",
    "same_name",
]


def nearest(word: str, known: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """The known word that is most like this one; None where none is as like as that (0 to 1)."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=likeness)
    return near[0] if near else None


def same_name(name: str) -> str:
    """A name as it is compared with one that a person types.

    Case, blanks, ``_`` and ``-`` make no difference.
    """
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


class BrokerError(Exception):
    """A failure that a person has to know of, with what to do.

    The parts stay on the exception as attributes; ``str()`` is the one line people read, with
    nothing in it that acts on a terminal.
    A message names no secret and no row value.
    """

    exit_code = 1

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        remedy: str | None = None,
    ) -> None:
        """``where`` is a place (file:line, table, column, host); ``remedy`` is what to do."""
        self.message = message
        self.where = where
        self.expected = expected
        self.found = found
        self.remedy = remedy
        super().__init__(shown(self._sentence()))

    def _sentence(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.found is not None:
            text += f"; found {self.found}"
        if self.remedy is not None:
            text += f". {self.remedy}"
        return text


class ConfigError(BrokerError):
    """A configuration file is invalid."""

    exit_code = 2


class SourceError(BrokerError):
    """A source did not answer, or not completely."""


class AbsentError(SourceError):
    """The source answered, and has no such table."""


class ForbiddenError(SourceError):
    """The source answered, and does not let us look at the table, or no longer."""


class TableError(BrokerError):
    """Rows could not be turned into a table."""


class PublishError(BrokerError):
    """A generation could not be staged, published, read or verified."""


class CatalogError(BrokerError):
    """What the portal shows of a generation is not there, or cannot be read."""


class LaptopError(BrokerError):
    """Data could not be brought to a laptop, or asked there."""


class AccountsError(BrokerError):
    """A request about an analyst, a key or a class cannot be carried out."""

    exit_code = 2


class PortalError(BrokerError):
    """The portal cannot do what a person asks of it."""


class PortalStateError(PortalError):
    """The portal's database cannot be read or written."""


class SignInError(PortalError):
    """A person cannot be signed in. ``status`` is that of the page that says so."""

    def __init__(self, message: str, *, status: int = 403, remedy: str | None = None) -> None:
        """What is shown to a person whom the portal does not know yet: no name, no foreign text."""
        super().__init__(message, remedy=remedy)
        self.status = status


class LockedError(BrokerError):
    """Another process is doing the same thing right now."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h: try again later


class UnansweredError(LockedError):
    """A root helper took the request and gave no answer: it may have met it."""
