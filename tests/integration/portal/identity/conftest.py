from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from rig.identity_provider import ProviderError, ProviderProcess

from ..running import Browser, RunningPortal, free_port
from .mailbox import Mailbox

SECRET = secrets.token_urlsafe(24)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def provider(port: int) -> Iterator[ProviderProcess]:
    try:
        process = ProviderProcess(
            [f"http://127.0.0.1:{port}/sign-in/demo/callback"], client_secret=SECRET
        )
    except ProviderError as error:
        pytest.skip(f"the identity provider cannot be had: {error}")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.close()


@pytest.fixture(scope="module")
def portal(
    tmp_path_factory: pytest.TempPathFactory, port: int, provider: ProviderProcess, mailbox: Mailbox
) -> Iterator[RunningPortal]:
    instance = {
        "instance": {"name": "Acme data", "origin": f"http://127.0.0.1:{port}"},
        "auth": {
            "allowed_domain": "example.com",
            "admins": ["boss@example.com"],
            "providers": [
                {
                    "name": "demo",
                    "title": "Demo",
                    "issuer": provider.issuer,
                    "client_id": "portal",
                    "client_secret": "${SECRET}",
                    "hosted_domain": "example.com",
                    "allowed": ["guest@outside.com"],
                }
            ],
            "magic_link": {"enabled": True, "allowed": ["eva@outside.com"]},
        },
        "email": {
            "from_address": "broker@example.com",
            "smtp": {"host": "127.0.0.1", "port": mailbox.port, "security": "none"},
        },
    }
    running = RunningPortal(tmp_path_factory.mktemp("portal"), instance, SECRET=SECRET)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def browser(portal: RunningPortal) -> Browser:
    return Browser(portal.origin)
