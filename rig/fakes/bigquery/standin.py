"""The whole stand-in: REST, token endpoint and Storage Read API, each on a socket of its own."""

from __future__ import annotations

from collections import Counter

from ..serving import Serving
from .app import application
from .faults import Faults
from .metadata import metadata
from .project import Project
from .storage import StorageApi
from .tokens import Tokens

__all__ = ["StandIn"]


class StandIn:
    """A project of BigQuery that serves between ``with`` and its end.

    ``url`` is the address of the REST API, ``storage_url`` that of the Storage Read API, ``key``
    the JSON key of a service account, ``metadata`` the ``GCE_METADATA_HOST`` of a machine that has
    that account; ``faults`` takes what shall go wrong, and ``project.denied``
    the permissions that the account does not have. ``requests`` counts requests over REST, by
    phase.
    """

    def __init__(self, *, name: str = "acme-data", port: int = 0, host: str = "127.0.0.1") -> None:
        """Begins to serve; port 0 is a free one."""
        self.faults = Faults()
        self.project = Project(name, self.faults)
        self._tokens = Tokens(name)
        self._serving = Serving(host)
        self.requests: Counter[str] = Counter()
        self.url = self._serving.add(application(self.project, self._tokens, self.requests), port)
        address = self._serving.add(metadata(name, self._tokens))
        self.metadata = address.removeprefix("http://")
        self._storage = StorageApi(self.project, host)
        self.storage_url = self._storage.url

    @property
    def key(self) -> str:
        """The key of a service account that may do everything which is not denied."""
        return self._tokens.key(f"{self.url}/token")

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything."""
        self._storage.stop()
        self._serving.stop()
        self.project.close()
