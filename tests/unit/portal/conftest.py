"""A portal over an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from broker.config import Instance
from broker.portal.app import create_app
from broker.portal.settings import PortalSettings

ORIGIN = "https://data.example.com"


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """Nothing was published, and nobody has signed in."""
    return create_app(
        PortalSettings(
            instance=Instance(),
            origin=ORIGIN,
            secret_key="x" * 32,
            state=tmp_path,
            store=tmp_path / "store",
        )
    )


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser."""
    return app.test_client()
