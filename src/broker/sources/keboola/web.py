"""HTTP with timeouts: what can pass is told apart from what cannot. No secret in a message."""

from __future__ import annotations

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

__all__ = ["PASSING", "Web", "retry_after", "shown"]

PASSING = frozenset({429, 500, 502, 503, 504})
"""Answers that may be others in a moment."""

_CONNECT_SECONDS = 15.0


class Web:
    """A pool of connections. Follows no redirect: a header must not go where it is not meant."""

    def __init__(self, silence_seconds: float, connections: int = 32) -> None:
        """``silence_seconds`` is how long a connection may say nothing."""
        self._pool = urllib3.PoolManager(
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
        with _broken(where):
            return self._pool.request(
                method, url, headers=_own(headers), body=body, redirect=False, retries=False
            )

    @contextmanager
    def open(
        self, url: str, headers: Mapping[str, str], *, where: str
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """An answer of which nothing is read yet, its bytes as they were sent."""
        with _broken(where):
            response = self._pool.request(
                "GET",
                url,
                headers=_own({"Accept-Encoding": "gzip", **headers}),
                preload_content=False,
                decode_content=False,
                redirect=False,
                retries=False,
            )
            is_whole = False
            try:
                yield response
                is_whole = True
            finally:
                if is_whole:
                    response.release_conn()
                else:
                    response.close()


def _own(headers: Mapping[str, str]) -> dict[str, str]:
    return {"User-Agent": f"data-broker/{__version__}", **headers}


@contextmanager
def _broken(where: str) -> Iterator[None]:
    """Turn a library's error into ours; its text may hold a signed link."""
    try:
        yield
    except HTTPError as error:
        if isinstance(error, SSLError) and "CERTIFICATE_VERIFY" in str(error):
            raise SourceError(
                "the certificate of the server cannot be trusted",
                where=where,
                remedy="Install the certificate authority on this machine.",
            ) from None
        raise PassingError(
            "the connection failed or broke off", where=where, found=type(error).__name__
        ) from None


def shown(url: str) -> str:
    """A URL as a message may show it: without signature and password."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait; it says so in seconds or as a date."""
    said = headers.get("Retry-After", "").strip()
    if not said:
        return None
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time())
    except ValueError:
        return None
