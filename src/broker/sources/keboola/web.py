"""HTTP with timeouts: passing and lasting failures are distinct errors. No secret in a message."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from time import time
from urllib.parse import urlsplit, urlunsplit

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from ... import __version__
from ...errors import SourceError
from .patience import PassingError
from .proxies import Ways

__all__ = ["PASSING", "Web", "retry_after", "shown"]

PASSING = frozenset({429, 500, 502, 503, 504})
"""Answers that may be others in a moment."""

_CONNECT_SECONDS = 15.0
_TUNNEL_REFUSED = re.compile(r"Tunnel connection failed: (4[0-9][0-9])")


class Web:
    """A pool of connections. Follows no redirect: a header must not go to another host."""

    def __init__(self, silence_seconds: float, connections: int = 32) -> None:
        """``silence_seconds`` is how long a connection may say nothing."""
        self._ways = Ways(
            num_pools=connections,
            maxsize=connections,
            timeout=urllib3.Timeout(
                connect=min(_CONNECT_SECONDS, silence_seconds), read=silence_seconds
            ),
            retries=False,
        )

    def ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        *,
        where: str,
    ) -> urllib3.BaseHTTPResponse:
        """The whole answer, whatever its status; ``PassingError`` where none came."""
        with self._broken(url, where):
            return self._ways.to(url).request(
                method, url, headers=_own(headers), body=body, redirect=False, retries=False
            )

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], *, where: str
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer of which nothing is read yet, its bytes as they were sent."""
        with self._broken(url, where):
            response = self._ways.to(url).request(
                "GET",
                url,
                headers=_own({"Accept-Encoding": "gzip", **headers}),
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
            )
            try:
                yield response
            finally:
                response.close()  # of no effect on a connection whose answer was read to its end

    @contextmanager
    def _broken(self, url: str, where: str) -> Iterator[None]:
        """Turn a library's error into ours; its text may hold a signed link."""
        try:
            yield
        except HTTPError as error:
            raise _failure(error, self._ways.proxy(url), where) from None


def _own(headers: Mapping[str, str]) -> dict[str, str]:
    return {"User-Agent": f"data-broker/{__version__}", **headers}


def _failure(error: HTTPError, proxy: str | None, where: str) -> SourceError:
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
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


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
