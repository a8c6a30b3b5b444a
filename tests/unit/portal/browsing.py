"""A portal over a folder, in which every request is of the same person or of none."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask, g

from broker.config import Instance
from broker.portal.app import create_app
from broker.portal.settings import PortalSettings
from broker.portal.viewer import Viewer

from .conftest import ORIGIN, Browser

__all__ = ["ALL", "FixedAccounts", "portal_over", "signed_in_app"]

ALL = ("public", "private", "finance")


@dataclass
class FixedAccounts:
    """A host on which every account has the same classes, which a test may change."""

    names: Collection[str] = ALL

    def uid(self, account: str) -> int | None:
        """One for all of them."""
        del account
        return 1000

    def has_name(self, name: str) -> bool:
        """No other name is taken."""
        return name == "anna"

    def classes(self, account: str, uid: int | None = None) -> Collection[str] | None:
        """The same for everyone."""
        del account, uid
        return self.names


def signed_in_app(folder: Path, *, is_admin: bool = False, **options: Any) -> Flask:
    """The portal of ``portal_over`` where every request is of Anna."""
    app = portal_over(folder, **options)

    @app.before_request
    def sign_in() -> None:
        """Anna."""
        g.viewer = Viewer(
            1,
            "anna@example.com",
            "Anna Lind",
            "anna",
            is_admin=is_admin,
            is_trusted=True,
            account_uid=1000,
        )

    return app


def portal_over(
    folder: Path,
    *,
    classes: Collection[str] = ALL,
    instance: Instance | None = None,
    now: datetime | None = None,
    origin: str = ORIGIN,
    logo: Path | None = None,
) -> Flask:
    """The portal over ``folder/store``, at a fixed time where one is given."""
    app = create_app(
        PortalSettings(
            instance=instance or Instance(),
            origin=origin,
            secret_key="x" * 32,
            state=folder,
            store=folder / "store",
            logo=logo,
        ),
        accounts=FixedAccounts(classes),
    )
    app.test_client_class = Browser
    if now is not None:
        app.extensions["clock"] = lambda: now
    return app
