"""Secrets in a text, each replaced by what it was. Pure.

Keys by their shape, as their makers publish it (the rules of gitleaks 8 have most of them), and
what stands beside a name such as ``password``. A secret of no known shape, under no such name,
stays.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["without_secrets"]

_MOST_DEPTH = 100
_PEM = r"-----{} [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----"
# By shape: what they are, words of which one is in each of them, and the whole secret.
_SHAPES: Sequence[tuple[str, tuple[str, ...], str]] = (
    # One that is cut off goes to the end of its text.
    (
        "private key",
        ("PRIVATE KEY",),
        rf"(?s:{_PEM.format('BEGIN')}.*?(?:{_PEM.format('END')}|\Z))",
    ),
    ("JWT", ("eyJ",), r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"),
    (
        "AWS key",
        ("A3T", "AKIA", "ASIA", "ABIA", "ACCA"),
        r"\b(?:A3T[A-Z0-9]|A(?:KIA|SIA|BIA|CCA))[A-Z2-7]{16}\b",
    ),
    (
        "Google key",
        ("AIza", "ya29.", "GOCSPX-"),
        r"\b(?:AIza[\w-]{35}|ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,})",
    ),
    (
        "GitHub token",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_\w{50,})",
    ),
    ("GitLab token", ("gl",), r"\bgl[a-z]{2,6}-[\w.-]{20,}"),
    (
        "Slack token",
        ("xox", "xapp-", "hooks.slack.com"),
        r"\b(?:xox[a-z](?:\.xox[a-z])?-|xapp-)[\w-]{10,}|hooks\.slack\.com/[\w/]{20,}",
    ),
    ("Keboola token", ("-",), r"(?<!\w)\d{1,10}-\d{1,12}-[A-Za-z0-9]{32,64}\b"),
    (
        "API key",
        ("sk-", "k_live_", "k_test_", "npm_", "pypi-"),
        r"\b(?:sk-[\w-]{20,}|[rs]k_(?:live|test)_\w{16,}|npm_\w{36}|pypi-[\w-]{50,})",
    ),
    ("Telegram token", (":",), r"(?<!\w)\d{8,10}:[\w-]{35}\b"),
    ("age key", ("AGE-SECRET-KEY-",), r"\bAGE-SECRET-KEY-1[A-Z0-9]{50,}"),
)
# Quotes as they stand in a text, or escaped in one that stands in another.
_QUOTE = r"[\\\"'`]{0,6}"
_NAMES = (
    r"(?:passwords?|passwd|passphrase|pwd|secrets?|tokens?|api[_-]?keys?|access[_-]?keys?|"
    r"account[_-]?key|private[_-]?keys?|credentials?)"
)
_VALUE = r"(?:\"[^\"\n]{1,2000}\"?|'[^'\n]{1,2000}'?|[^\s\"'`,;&\\]{4,2000})"
# By what stands before it, which stays; and words in small letters, as above.
_NAME_WORDS = ("passw", "passphrase", "pwd", "secret", "token", "key", "credential")
_BEFORE: Sequence[tuple[tuple[str, ...], str]] = (
    (_NAME_WORDS, rf"({_NAMES}{_QUOTE}\s{{0,3}}(?:=>|:=|=|:)\s{{0,3}}\\*){_VALUE}"),
    (_NAME_WORDS, rf"(--[a-z-]{{0,30}}{_NAMES}[ =]){_VALUE}"),
    (
        ("authorization",),
        rf"(authorization{_QUOTE}\s{{0,3}}[:=]\s{{0,3}}{_QUOTE}(?:[a-z]{{1,20}}\s+)?){_VALUE}",
    ),
    (("bearer",), r"(\bbearer\s+)[\w.~+/=-]{16,}"),
    (("identified",), r"(\bidentified\s+by\s+)'[^'\n]{1,2000}'?"),
    # Of a URL, up to the last @ before its path.
    (("://",), r"(\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@\"']{0,100}:)[^\s/\"']{1,500}(?=@)"),
)
_BY_SHAPE = [(kind, words, re.compile(shape)) for kind, words, shape in _SHAPES]
_BY_NAME = [(words, re.compile(before, re.IGNORECASE)) for words, before in _BEFORE]
_KEY = re.compile(rf".*{_NAMES}", re.IGNORECASE | re.DOTALL)


def without_secrets(value: Any, *, depth: int = 0) -> Any:
    """A value of JSON with the secrets of all its texts replaced.

    Raises ``ValueError`` for one that is nested deeper than any that a program writes.
    """
    if depth > _MOST_DEPTH:
        raise ValueError("it is nested too deeply")
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(k): _entry(k, one, depth) for k, one in value.items()}
    if isinstance(value, Sequence):
        # The lines of one file: a key with a line of its own for each part of it.
        if value and all(isinstance(one, str) for one in value):
            return _lines(value)
        return [without_secrets(one, depth=depth + 1) for one in value]
    return value


def _entry(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, str) and value and _KEY.fullmatch(key):
        return "[redacted: value of this name]"
    return without_secrets(value, depth=depth + 1)


def _lines(lines: Sequence[str]) -> list[str]:
    joined = "\n".join(lines)
    found = _text(joined)
    return list(lines) if found == joined else found.split("\n")


def _text(text: str) -> str:
    found = text
    for kind, words, shape in _BY_SHAPE:
        if any(word in found for word in words):
            found = shape.sub(f"[redacted: {kind}]", found)
    small = found.lower()
    for words, pattern in _BY_NAME:
        if any(word in small for word in words):
            found = pattern.sub(r"\1[redacted]", found)
    return found
