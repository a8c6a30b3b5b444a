"""Where a person goes after signing in: a page of this portal, whatever a link says."""

from __future__ import annotations

from urllib.parse import urlsplit

__all__ = ["HOME", "local_path"]

HOME = "/"
_LONGEST = 500
_PATH = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/%?"
)


def local_path(text: str | None) -> str:
    """The text, where it is a path of this site with its query; else the start page.

    It begins with one ``/`` and holds what a path may hold by RFC 3986: no backslash, control
    character or blank, which browsers read as a slash or leave out.
    """
    if not text or len(text) > _LONGEST or not {*text} <= _PATH:
        return HOME
    if not text.startswith("/") or text.startswith("//"):
        return HOME
    parts = urlsplit(text)
    return HOME if parts.scheme or parts.netloc or "//" in parts.path else text
