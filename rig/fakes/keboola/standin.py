"""The whole stand-in: API, control endpoint and object store, each on a socket of its own."""

from __future__ import annotations

import shutil
import ssl
import tempfile
from pathlib import Path

from ..faults import Faults
from ..serving import Serving
from ..stores import open_store
from ..stores.leases import Leases
from .app import application
from .clock import Clock
from .control import control
from .project import Behaviour, Project

__all__ = ["StandIn"]


class StandIn:
    """A Keboola project that serves between ``with`` and its end.

    ``url`` is its address and ``token`` a master token; ``faults`` takes what shall go wrong;
    ``store.settings`` are the environment variables that lead providers' libraries to its store.
    """

    def __init__(
        self,
        *,
        store: str = "http",
        host: str = "127.0.0.1",
        port: int = 0,
        folder: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """``store`` is http, aws, azure or gcp; ``folder`` takes rows and slices.

        With ``tls`` the API is at an https address; its store is not.
        """
        self._made = Path(tempfile.mkdtemp(prefix="keboola-", dir=folder))
        self.faults = Faults()
        self.clock = Clock()
        self._serving = Serving(host)
        leases = Leases(self.clock.unix)
        self.store = open_store(store, self._serving, self._made, self.faults, leases)
        self.project = Project(self._made, self.store, self.clock, self.faults)
        app = application(self.project)
        app.add_subapp("/control", control(self.project))
        self.url = self._serving.add(app, port, tls)

    @property
    def token(self) -> str:
        """May do everything."""
        return self.project.tokens.master.secret

    @property
    def behaviour(self) -> Behaviour:
        """Settings that may be changed at any time."""
        return self.project.behaviour

    def __enter__(self) -> StandIn:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything, and remove what was kept."""
        self._serving.stop()
        self.project.close()
        shutil.rmtree(self._made)
