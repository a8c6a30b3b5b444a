"""The way to a server: straight, or through the proxy that the environment names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3

from ...errors import ConfigError

__all__ = ["Ways"]


class Ways:
    """Pools of connections: one without a proxy, one for each proxy.

    ``https_proxy``, ``http_proxy``, ``all_proxy`` and ``no_proxy`` are read as curl reads them,
    once, when the object is made. May be used by several threads.
    """

    def __init__(self, **options: Any) -> None:
        """``options`` are those of ``urllib3.PoolManager``; raises ``ConfigError``."""
        self._proxies: Mapping[str, str] = getproxies_environment()
        self._straight = urllib3.PoolManager(**options)
        self._through = {
            scheme: _through(scheme, address, options)
            for scheme, address in self._proxies.items()
            if scheme in ("http", "https", "all")
        }

    def to(self, url: str) -> urllib3.PoolManager:
        """The pool to ask for ``url``."""
        return self._through[scheme] if (scheme := self._named(url)) else self._straight

    def proxy(self, url: str) -> str | None:
        """The proxy on the way to ``url`` as a message may show it; None where there is none."""
        scheme = self._named(url)
        return _parts(self._proxies[scheme]).netloc.rpartition("@")[2] if scheme else None

    def _named(self, url: str) -> str | None:
        """Under which name the environment has a proxy for ``url``."""
        parts = urlsplit(url)
        name = parts.scheme if parts.scheme in self._through else "all"
        is_direct = name not in self._through or proxy_bypass(
            parts.netloc.rpartition("@")[2], dict(self._proxies)
        )
        return None if is_direct else name


def _through(scheme: str, address: str, options: Mapping[str, Any]) -> urllib3.ProxyManager:
    parts = _parts(address)
    login, _, server = parts.netloc.rpartition("@")
    if parts.scheme not in ("http", "https") or not server:
        raise ConfigError(
            "the environment names a proxy that cannot be used",
            where=f"{scheme}_proxy",
            expected="an address such as http://proxy.example.com:3128",
        )
    headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
    return urllib3.ProxyManager(f"{parts.scheme}://{server}", proxy_headers=headers, **options)


def _parts(address: str) -> SplitResult:
    return urlsplit(address if "://" in address else f"http://{address}")
