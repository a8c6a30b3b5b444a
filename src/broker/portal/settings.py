"""What the portal is started with: its places, its address, and the instance's own words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..config import Instance

__all__ = ["PortalSettings", "database_in"]


def database_in(state: Path) -> Path:
    """The file of the database in the portal's folder."""
    return state / "portal.sqlite3"


@dataclass(frozen=True, slots=True)
class PortalSettings:
    """``origin`` is the address that people type, such as ``https://data.example.com``.

    It alone stands in redirects and mails, whatever a request says of its host. ``secret_key``
    signs cookies, ``state`` is the folder of the database, ``store`` that of the generations, of
    which the portal reads catalogs alone. ``logo`` is the picture that ``instance.logo`` names.
    """

    instance: Instance
    origin: str
    secret_key: str
    state: Path
    store: Path
    logo: Path | None = None

    @property
    def database_url(self) -> str:
        """Where SQLAlchemy finds the database."""
        return f"sqlite:///{database_in(self.state)}"

    @property
    def is_secure(self) -> bool:
        """Whether browsers reach it by https; without, it serves this machine alone."""
        return self.origin.startswith("https://")

    def url(self, path: str) -> str:
        """The address of a path of this site, for redirects of others and for e-mails."""
        return self.origin + path

    @property
    def host(self) -> str:
        """The host of the origin, with its port where it has one."""
        return self.origin.partition("://")[2]
