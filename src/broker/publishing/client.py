"""Asking the helper for publishing: what the portal calls for its admins. Standard library only.

PublishingClient(behalf="jan@example.com").call("rollback", generation="2026-11-22T163000Z-7f3a")
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PublishError
from ..helper.asking import Asking
from ..hostpaths import PUBLISHING_SOCKET
from .protocol import PURPOSE

__all__ = ["PublishingClient"]


@dataclass(frozen=True, slots=True)
class PublishingClient:
    """``behalf`` is the admin who asked, for the audit log; the helper does not trust it.

    ``seconds`` is how long an answer may take: a roll back may build views first.
    """

    path: Path = PUBLISHING_SOCKET
    behalf: str | None = None
    seconds: float = 330.0

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        """Ask once. Returns the reply's values, which depend on the verb.

        ``run``: ``started``, whether no sync was on its way. ``approve``: ``approved``, the id of
        the table. ``rollback``: ``current``. ``facts``: one value per part, of which one that
        cannot be known is ``{"problem": sentence}``. ``audit``: ``events``, newest first, how many
        match (``matches``), and how many lines cannot be read (``garbled``) or wait (``pending``).
        ``log``: the ``lines`` of a sync, how many are ``hidden``, and whether it ``is_cut``.

        Raises ``PublishError`` for what is refused, ``LockedError`` for what may be tried again
        later, and ``BrokerError`` when the helper is not there or does not answer.
        """
        return self._asking.call(verb, self.behalf, fields)

    @property
    def _asking(self) -> Asking:
        return Asking(
            self.path,
            name="publishing",
            unit="broker-publishing",
            purpose=PURPOSE,
            connections="publishing_socket_connections_each",
            kinds=(PublishError,),
            seconds=self.seconds,
        )
