"""A project behind a company's proxy, which the environment names as it does for curl."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from rig.fakes.certificates import serving, write_certificate
from rig.fakes.keboola import StandIn
from rig.fakes.proxy import Proxy

from .conftest import FORGOTTEN_FILES, Broker

pytestmark = pytest.mark.filterwarnings(FORGOTTEN_FILES)
TABLES = "folder_mapping: {in.c-shop: shop}\ntables:\n  - id: in.c-shop.orders\n"
PASSWORD = "pass@word"  # noqa: S105 - of the stand-in


@pytest.fixture
def keboola(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """An API over TLS, whose slices are at a plain address."""
    certificate = write_certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with StandIn(folder=tmp_path, tls=serving(certificate)) as standin:
        path = tmp_path / "slice.csv"
        path.write_text('"1","a"\n"2","b"\n')
        standin.project.serve_slices("in.c-shop.orders", ["id", "x"], [path], 2)
        yield standin


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """It wants a login, and the environment has it."""
    with Proxy(f"some one:{PASSWORD}") as standin:
        for name in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(name, f"http://some%20one:pass%40word@{standin.address}")
        yield standin


def test_everything_goes_through_the_proxy(broker: Broker, proxy: Proxy) -> None:
    broker.describe(TABLES)
    (outcome,) = broker.sync().outcomes
    assert outcome.error is None
    assert broker.rows("shop/orders") == [("1", "a"), ("2", "b")]
    api = urlsplit(broker.keboola.url).netloc
    assert ("CONNECT", api) in proxy.seen
    stores = [target for method, target in proxy.seen if method == "GET"]
    assert len(stores) == 2  # the manifest and a slice
    assert all(target.startswith("http://127.0.0.1:") for target in stores)


def test_what_needs_no_proxy_is_asked_straight(
    broker: Broker, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "example.com,127.0.0.1")
    broker.describe(TABLES)
    assert broker.sync().exit_code == 0
    assert proxy.seen == []


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("some%20one:wrong@{proxy}", "the proxy {proxy} does not let this through; found HTTP 407"),
        ("wrong@127.0.0.1:1", "failed or broke off (through the proxy 127.0.0.1:1)"),
    ],
)
def test_a_proxy_that_refuses_is_named_without_its_login(
    broker: Broker, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, address: str, sentence: str
) -> None:
    monkeypatch.setenv("https_proxy", address.format(proxy=proxy.address))
    broker.describe(TABLES)
    (outcome,) = broker.sync().outcomes
    assert outcome.error is not None
    assert sentence.format(proxy=proxy.address) in outcome.error
    assert "wrong" not in outcome.error
