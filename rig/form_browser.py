"""A browser without a screen: it follows redirects, keeps cookies, and sends forms of pages."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urljoin

import requests

__all__ = ["FormBrowser"]

ANSWER_SECONDS = 60


class FormBrowser(requests.Session):
    """Addresses are relative to ``origin``."""

    def __init__(self, origin: str) -> None:
        """No page was opened yet."""
        super().__init__()
        self.origin = origin

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """As of ``requests``, with a time limit."""
        kwargs.setdefault("timeout", ANSWER_SECONDS)
        return super().request(method, urljoin(self.origin, url), *args, **kwargs)

    def submit(self, page: requests.Response, action: str, **fields: str) -> requests.Response:
        """Send the form of a page whose action begins so; ``LookupError`` where there is none."""
        forms = rf'<form[^>]*action="({re.escape(action)}[^"]*)".*?</form>'
        form = re.search(forms, page.text, re.DOTALL)
        if form is None:
            raise LookupError(f"no form leads to {action} on {page.url} ({page.status_code})")
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
        data = {name: unescape(value) for name, value in hidden} | fields
        return self.post(urljoin(page.url, form[1]), data=data, headers={"Referer": page.url})

    def choose_person(self, subject: str, path: str = "/sign-in/demo") -> requests.Response:
        """Sign in by the provider of ``rig.identity_provider`` as one of its people."""
        return self.submit(self.get(path), "/interaction/", person=subject)
