"""A public key as people paste it: terminals and mails wrap it into several lines. Pure."""

from __future__ import annotations

from ...accounts.records.keys import Key, parse_key
from ...errors import AccountsError

__all__ = ["PASTED", "pasted_key"]

PASTED = "the key that you pasted"
_MOST_TEXT = 20_000
_KINDS = ("ssh-", "ecdsa-sha2-", "sk-")


def pasted_key(text: str) -> Key:
    """The one key that was pasted, its white space collapsed. Raises ``AccountsError``.

    A line break inside the body is where a terminal wrapped it; where the body ends is known from
    the key itself, so a comment on a line of its own stays a comment.
    """
    words = text[:_MOST_TEXT].split()
    if len(words) < 2 or "PRIVATE KEY" in text:
        return parse_key(" ".join(words), where=PASTED)
    kind, *rest = words
    for end in range(1, len(rest) + 1):
        try:
            key = parse_key(" ".join([kind, "".join(rest[:end]), *rest[end:]]), where=PASTED)
        except AccountsError:
            continue
        return _alone(key)
    return parse_key(" ".join(words), where=PASTED)


def _alone(key: Key) -> Key:
    """A second key behind the first would be taken for its comment."""
    if any(word.startswith(_KINDS) for word in key.comment.split()):
        raise AccountsError(
            "this is more than one key", where=PASTED, remedy="Add one after the other."
        )
    return key
