"""A person signs in to the portal and looks around, as a browser would."""

from __future__ import annotations

import re
import ssl
from html import unescape
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util.ssl_ import create_urllib3_context

from rig.form_browser import FormBrowser

from .commands import DemoError

__all__ = ["PAGES", "look_around"]

PAGES = {
    "home": "/",
    "catalog": "/catalog",
    "table shop/orders": "/catalog/table/shop/orders",
    "metrics": "/catalog/metrics",
}
_TITLE = "Look around in the portal"
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1>", re.DOTALL)


def look_around(origin: str, certificate: Path, person: str, public_key: str) -> str:
    """What was seen, in a line. Who has no account yet gives a key first, as the portal asks.

    ``certificate`` is the one that the host must show, ``person`` a subject of the demo's provider.
    Raises ``DemoError`` where a page does not answer as it should.
    """
    browser = FormBrowser(origin)
    browser.trust_env = False  # neither a proxy nor another bundle of certificates
    browser.verify = str(certificate)
    browser.mount("https://", _OneCertificate())
    try:
        page = _answered(browser.choose_person(person))
        first = _heading(page)
        if page.url.endswith("/welcome"):
            _answered(browser.submit(page, "/welcome", key=public_key))
            first = _heading(_answered(browser.get("/")))
        seen = [_seen(browser, name, path) for name, path in PAGES.items()]
    except (requests.RequestException, LookupError) as error:
        raise DemoError(f"{_TITLE}: {error}") from error
    return f"“{first}” at {origin}: {', '.join(seen)}: all 200"


class _OneCertificate(HTTPAdapter):
    """Takes a certificate that no authority signed, where it is the one to verify by."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        super().init_poolmanager(*args, ssl_context=context, **kwargs)


def _seen(browser: FormBrowser, name: str, path: str) -> str:
    page = _answered(browser.get(path))
    if page.url.partition("?")[0] != f"{browser.origin}{path}":
        raise DemoError(f"{_TITLE}: {name} led to {page.url}")
    return name


def _answered(page: requests.Response) -> requests.Response:
    if page.status_code != requests.codes.ok:
        raise DemoError(f"{_TITLE}: {page.url} answered {page.status_code}: {_heading(page)}")
    return page


def _heading(page: requests.Response) -> str:
    """What a page calls itself."""
    found = _HEADING.search(page.text)
    text = re.sub(r"<[^>]+>", "", found[1]) if found else "a page without a heading"
    return " ".join(unescape(text).split())
