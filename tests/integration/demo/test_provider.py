"""The provider of the demo: one issuer on loopback, and the same on an address beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from demo import background, provider
from demo.commands import DemoError
from rig.identity_provider import HERE
from rig.node import NodeError, locked_packages, node

# It outlives who starts it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
ORIGIN = "https://192.0.2.7"
BESIDE = "127.0.0.2"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(background, "STATE", tmp_path)
    monkeypatch.setattr(background, "LOGS", tmp_path / "logs")
    yield tmp_path
    provider.end()


@pytest.fixture
def packages() -> None:
    try:
        locked_packages(HERE, "identity_provider")
        node()
    except (NodeError, RuntimeError) as error:
        pytest.skip(f"the provider cannot be had: {error}")


@pytest.mark.usefixtures("packages")
def test_both_addresses_name_the_same_issuer_and_it_stays_until_it_is_ended(folder: Path) -> None:
    issuer, secret = provider.serve(ORIGIN, BESIDE)
    port = issuer.rpartition(":")[2]
    assert issuer == f"http://127.0.0.1:{port}"
    for address in ("127.0.0.1", BESIDE):
        found = requests.get(
            f"http://{address}:{port}/.well-known/openid-configuration",
            headers={"Host": f"127.0.0.1:{port}"},
            timeout=20,
        ).json()
        assert found["issuer"] == issuer
        assert found["token_endpoint"] == f"{issuer}/token"
    with pytest.raises(requests.ConnectionError):
        requests.get(f"http://127.0.0.3:{port}/", timeout=20)
    assert provider.serve(ORIGIN, BESIDE) == (issuer, secret)
    assert (folder / "provider.json").stat().st_mode & 0o777 == 0o600
    provider.end()
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{issuer}/", timeout=20)


@pytest.mark.usefixtures("packages")
def test_another_portal_gets_another_provider_under_the_same_secret(folder: Path) -> None:
    assert folder.is_dir()
    before = provider.serve(ORIGIN)
    assert provider.serve("https://192.0.2.8") == before


def test_what_does_not_start_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder.is_dir()
    monkeypatch.setattr(provider, "PEOPLE", {"anna": {}})
    monkeypatch.setenv("PATH", "/none")
    with pytest.raises(DemoError, match="Start an identity provider: it does not serve: "):
        provider.serve(ORIGIN, "203.0.113.1")
    assert not (folder / "provider.json").exists()
