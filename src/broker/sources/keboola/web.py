"""HTTP with timeouts: passing and lasting failures are distinct errors. No secret in a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from email.utils import parsedate_to_datetime
from time import time
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies_environment, proxy_bypass

import urllib3
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError, SSLError
from urllib3.util import parse_url

from ... import __version__
from ...errors import ConfigError, SourceError
from .retry import PassingError

__all__ = ["PASSING", "Web", "retry_after", "shown"]

PASSING = frozenset({429, 500, 502, 503, 504})
"""Answers that may be others in a moment."""

_CONNECT_SECONDS = 15.0
_SCHEMES = ("http", "https", "all")
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (4[0-9][0-9])")


class Web:
    """A pool of connections. Follows no redirect: a header must not go to another host.

    Goes through the proxies that the environment names, as curl reads them, once, when the object
    is made. May be used by several threads.
    """

    def __init__(self, silence_seconds: float, connections: int = 32) -> None:
        """``silence_seconds`` is how long a connection may say nothing; raises ``ConfigError``."""
        self._proxies = _proxies()
        timeout = urllib3.Timeout(min(_CONNECT_SECONDS, silence_seconds), silence_seconds)
        self._pools = {
            proxy: _pool(proxy, num_pools=connections, maxsize=connections, timeout=timeout)
            for proxy in {None, *(self._proxies.get(scheme) for scheme in _SCHEMES)}
        }

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        where: str,
    ) -> BaseHTTPResponse:
        """The whole answer, whatever its status; ``PassingError`` where none came."""
        with self._sent(method, url, headers, body, where) as response:
            response.read(decode_content=True, cache_content=True)
            return response

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], *, where: str
    ) -> Iterator[BaseHTTPResponse]:
        """An answer of which nothing is read yet, its bytes as they were sent."""
        headers = {"Accept-Encoding": "gzip", **headers}
        with self._sent("GET", url, headers, None, where) as response:
            yield response

    @contextmanager
    def _sent(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, where: str
    ) -> Iterator[BaseHTTPResponse]:
        """The answer, and a library's error as ours; its text may hold a signed link."""
        proxy = self._proxy(url)
        try:
            own = {"User-Agent": f"data-broker/{__version__}", **headers}
            response = self._pools[proxy].request(
                method,
                url,
                headers=own,
                body=body,
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
            )
            try:
                yield response
            finally:
                response.close()  # of no effect on a connection whose answer was read to its end
        except HTTPError as error:
            raise _failure(error, proxy and _server(proxy), where) from None

    def _proxy(self, url: str) -> str | None:
        address = self._proxies.get(urlsplit(url).scheme) or self._proxies.get("all")
        return None if proxy_bypass(_server(url), self._proxies) else address


def _pool(proxy: str | None, **options: Any) -> urllib3.PoolManager:
    if proxy is None:
        return urllib3.PoolManager(**options)
    login = parse_url(proxy).auth
    headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
    return urllib3.ProxyManager(proxy, proxy_headers=headers, **options)


def _proxies() -> dict[str, str]:
    """The addresses of proxies by scheme, and what ``no_proxy`` says under ``no``."""
    found = getproxies_environment()
    return found | {
        scheme: _usable(scheme, found[scheme]) for scheme in found if scheme in _SCHEMES
    }


def _usable(scheme: str, address: str) -> str:
    address = address if "://" in address else f"http://{address}"
    with suppress(ValueError):
        parts = parse_url(address)
        unquote(parts.auth or "").encode("latin-1")  # as a login is sent
        if parts.scheme in ("http", "https") and parts.host:
            return address
    raise ConfigError(
        "the environment names a proxy that cannot be used",
        where=f"{scheme}_proxy",
        expected="an address such as http://proxy.example.com:3128",
    )


def _server(url: str) -> str:
    """Host and port, without the login before them."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _failure(error: Exception, proxy: str | None, where: str) -> SourceError:
    """What an error of the library says, whose text is not shown."""
    text = str(error)
    if isinstance(error, SSLError) and "CERTIFICATE_VERIFY" in text:
        return SourceError(
            "the certificate of the server cannot be trusted",
            where=where,
            remedy="Install the certificate authority on this machine.",
        )
    if (refusal := _TUNNEL_REFUSED.search(text)) is not None:
        return SourceError(
            f"the proxy {proxy} does not let this through",
            where=where,
            found=f"HTTP {refusal[1]}",
            remedy="Have the proxy allow it, or name the server in no_proxy.",
        )
    through = f" (through the proxy {proxy})" if proxy else ""
    return PassingError(
        f"the connection failed or broke off{through}", where=where, found=type(error).__name__
    )


def shown(url: str) -> str:
    """A URL as a message may show it: without signature and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, _server(url), parts.path, "", ""))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait; it says so in seconds or as a date."""
    value = headers.get("Retry-After", "").strip()
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time())
    except ValueError:
        return None
