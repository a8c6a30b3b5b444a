"""E-mail addresses as they are compared: one spelling for each, at every door."""

from __future__ import annotations

import re

__all__ = ["folded_address", "folded_domain", "is_address"]

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?"
)
_LONGEST = 254  # RFC 5321, section 4.5.3.1.3, without the brackets


def is_address(text: str) -> bool:
    """Whether it looks like an address: name@domain of ASCII, at most 254 characters."""
    return len(text) <= _LONGEST and _ADDRESS.fullmatch(text) is not None


def folded_address(text: str) -> str | None:
    """The address in lower case without blanks around it; None where it is not one.

    Other letters than those of ASCII are refused and never mapped to any: a mapping would make the
    mailbox of one person look like that of another (``ann`` with a dotless or a wide letter). A
    domain of other letters is written as its ``xn--`` form.
    """
    bare = text.strip()
    name, _, domain = bare.rpartition("@")
    if not is_address(bare) or not name or folded_domain(domain) is None:
        return None
    return bare.lower()


def folded_domain(text: str) -> str | None:
    """The domain in lower case without blanks around it; None where it is not one."""
    bare = text.strip()
    is_domain = len(bare) <= 253 and _DOMAIN.fullmatch(bare) is not None
    return bare.lower() if is_domain else None
