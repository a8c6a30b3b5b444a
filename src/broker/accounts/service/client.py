"""Asking the root helper: what the portal calls. Standard library only.

Client(behalf="jan@example.com").call("grant", name="anna", uid="2001", classes=["finance"])
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AccountsError
from ...helper.asking import Asking
from ...hostpaths import ACCOUNTS_SOCKET
from .protocol import PURPOSE

__all__ = ["Client"]


@dataclass(frozen=True, slots=True)
class Client:
    """``behalf`` is the person who asked, for the audit log; the helper does not trust it.

    ``seconds`` is how long an answer may take: requests wait for each other.
    """

    path: Path = ACCOUNTS_SOCKET
    behalf: str | None = None
    seconds: float = 90.0

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Ask once. Returns the reply's values (``analysts``, ``changed``; ``certificate``).

        Raises ``AccountsError`` for what is refused, ``LockedError`` for what may be tried again
        later, and ``BrokerError`` when the helper is not there or does not answer.
        """
        return self._asking.call(verb, self.behalf, fields)

    @property
    def _asking(self) -> Asking:
        return Asking(
            self.path,
            name="accounts",
            unit="broker-accounts",
            purpose=PURPOSE,
            connections="accounts_socket_connections_each",
            kinds=(AccountsError,),
            seconds=self.seconds,
        )
