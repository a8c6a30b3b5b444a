"""Doors of an instance: Google for the company, another provider, links by e-mail."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from broker.config import Instance

from ..conftest import ORIGIN

DOORS = {
    "instance": {"name": "Acme data", "origin": ORIGIN},
    "auth": {
        "allowed_domain": "example.com",
        "admins": "boss@example.com",
        "providers": [
            {
                "name": "google",
                "title": "Google",
                "issuer": "https://accounts.google.com",
                "client_id": "portal",
                "client_secret": SecretStr("s3cret"),
                "hosted_domain": "example.com",
                "allowed": ["guest@outside.com"],
            },
            {
                "name": "other",
                "title": "Other",
                "issuer": "https://login.other.org",
                "client_id": "portal-other",
                "client_secret": SecretStr("s3cret"),
            },
        ],
        "magic_link": {"enabled": True, "allowed": ["eva@outside.com", "boss@example.com"]},
    },
    "email": {
        "from_address": "broker@example.com",
        "smtp": {"host": "localhost", "security": "none"},
    },
}


@pytest.fixture
def instance() -> Instance:
    return Instance.model_validate(DOORS)
