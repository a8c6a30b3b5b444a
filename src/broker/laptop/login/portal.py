"""The portal's API, as far as a laptop asks it. Standard library only."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, OpenerDirector, Request, build_opener

from ...errors import LaptopError
from ...foreign.strict_json import parse_json
from ...foreign.text import shown

__all__ = ["Portal", "PortalAnswer", "UnreachableError", "check_origin", "origin_of"]

_SECONDS = 30
_MOST_BYTES = 65_536
_HERE = frozenset({"127.0.0.1", "localhost", "::1"})
_PORTS = {"https": 443, "http": 80}
_BUSY = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class PortalAnswer:
    """``status`` of HTTP, and the object that was answered; a busy server answers none."""

    status: int
    facts: Mapping[str, Any]

    @property
    def is_busy(self) -> bool:
        """Whether the portal, or what stands before it, wants the same later."""
        return self.status in _BUSY

    @property
    def detail(self) -> str:
        """The portal's own sentence where it refuses, safe to show."""
        words = self.facts.get("detail") or self.facts.get("error_description") or ""
        return shown(words, 500)

    def text(self, name: str, most: int) -> str:
        """A text of the answer. Raises ``LaptopError`` for another kind of value."""
        value = self.facts.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= most or not value.isprintable():
            raise _strange(f"no {name}")
        return value

    def number(self, name: str, least: int, most: int) -> int:
        """A whole number of the answer, kept within these."""
        value = self.facts.get(name)
        if not isinstance(value, int):
            raise _strange(f"no {name}")
        return min(max(value, least), most)


class UnreachableError(LaptopError):
    """No answer came; a while later there may be one."""


class _NoRedirect(HTTPRedirectHandler):
    """A token goes to the portal that was named, and to no other."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def check_origin(words: str) -> str:
    """The address of a portal without a path; raises ``LaptopError``.

    Without TLS the portal must be on this machine, as it is for developers.
    """
    origin = origin_of(words.rstrip("/")) if words.isascii() and words.isprintable() else None
    if origin is None:
        raise LaptopError(
            "this is not the address of a portal",
            expected="an address as https://data.example.com",
            found=shown(words, 200),
        )
    return origin


def origin_of(address: str, *, bare: bool = True) -> str | None:
    """The origin of an address, written in one way; None where it is not one of a portal.

    ``bare`` addresses have no path.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    has_more = bare and (parts.path or parts.query or parts.fragment)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and host in _HERE)
    if has_more or not is_safe or not host or "@" in parts.netloc:
        return None
    name = f"[{host}]" if ":" in host else host
    is_usual = port in (None, _PORTS[parts.scheme])
    return f"{parts.scheme}://{name}" if is_usual else f"{parts.scheme}://{name}:{port}"


class Portal:
    """A portal at ``origin``, whose certificate is signed by an authority that this system trusts,
    or by the one in the file ``authority``, which counts alone then.
    """

    def __init__(self, origin: str, authority: Path | None = None) -> None:
        """Raises ``LaptopError`` for a file without a certificate. Nothing is asked yet."""
        self.origin = check_origin(origin)
        try:
            context = ssl.create_default_context(cafile=authority)
        except (ssl.SSLError, OSError) as error:
            raise LaptopError(
                "this file holds no certificate",
                where=str(authority),
                expected="certificates as PEM",
                found=shown(error, 200),
            ) from error
        self._opener: OpenerDirector = build_opener(_NoRedirect, HTTPSHandler(context=context))

    def ask(self, path: str, facts: Mapping[str, Any], token: str = "") -> PortalAnswer:
        """One request (POST). Raises ``LaptopError`` where there is no answer of a portal."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self._answer(path, json.dumps(facts).encode(), headers)

    def ask_as_form(self, path: str, body: bytes) -> PortalAnswer:
        """The same as OAuth sends it."""
        return self._answer(path, body, {"Content-Type": "application/x-www-form-urlencoded"})

    def _answer(self, path: str, body: bytes, headers: Mapping[str, str]) -> PortalAnswer:
        address = f"{self.origin}/api/v1{path}"
        request = Request(address, body, dict(headers), method="POST")  # noqa: S310 - checked above
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return PortalAnswer(answer.status, self._facts(answer.read(_MOST_BYTES + 1)))
        except HTTPError as error:
            with error:
                return PortalAnswer(error.code, self._refusal(error))
        except (URLError, OSError, http.client.HTTPException) as error:
            raise self._unreachable(getattr(error, "reason", error)) from error

    def _refusal(self, error: HTTPError) -> Mapping[str, Any]:
        """What stands before a portal answers a page of its own where that is busy."""
        try:
            return self._facts(error.read(_MOST_BYTES + 1))
        except LaptopError:
            if error.code not in _BUSY:
                raise
            return {}

    def _facts(self, content: bytes) -> Mapping[str, Any]:
        try:
            facts = parse_json(content) if len(content) <= _MOST_BYTES else None
        except ValueError:
            facts = None
        if not isinstance(facts, dict):
            raise _strange("another kind of page", self.origin)
        return facts

    def _unreachable(self, reason: object) -> LaptopError:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return LaptopError(
                "the certificate of the portal is not one that this laptop trusts",
                where=self.origin,
                found=shown(reason.verify_message, 200),
                remedy="Nothing was sent. If the portal has a certificate of its own, ask your "
                "operator for its file, and name it: --ca FILE.",
            )
        return UnreachableError(
            "the portal cannot be reached",
            where=self.origin,
            found=shown(reason, 200),
            remedy="Check the network and the address.",
        )


def _strange(found: str, where: str | None = None) -> LaptopError:
    return LaptopError(
        "this is not the answer of a portal",
        where=where,
        found=found,
        remedy="Check the address of the portal. Nothing was changed here.",
    )
