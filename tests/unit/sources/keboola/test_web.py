"""Which proxies of the environment a Keboola source takes."""

from __future__ import annotations

import pytest

from broker.errors import ConfigError
from broker.sources.keboola.web import Web


@pytest.mark.parametrize(
    "address",
    [
        "socks5://someone:secret@proxy",
        "http://someone:secret@",
        "http://someone:secret@:3128",
        "http://someone:secret@proxy:port",
        "http://someone:secret@proxy:99999",
        "http://someone:secret@[::1",
        "http://someone:secret/s@proxy",
        "http://someone:secret%E2%82%AC@proxy",
    ],
)
@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_used_is_refused_without_its_login(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(ConfigError, match="a proxy that cannot be used") as caught:
        Web(4)
    assert name.lower() in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("address", ["proxy:3128", "HTTP://proxy", "https://a%40b:c@[::1]:3128/"])
def test_addresses_of_proxies_are_written_in_several_ways(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("https_proxy", address)
    monkeypatch.setenv("ftp_proxy", "of no interest")
    Web(4)
