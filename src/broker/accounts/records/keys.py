"""Public SSH keys: parsed into type and blob, checked, and rebuilt; never copied.

Formats: RFC 4253 6.6 (ssh-rsa), RFC 5656 3.1 (ecdsa), RFC 8709 4 (ssh-ed25519), OpenSSH's
PROTOCOL.u2f (the ``sk-`` types).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from ...errors import AccountsError
from .times import parse_time

__all__ = ["Key", "parse_key", "parse_keys"]

MIN_RSA_BITS = 3072
MAX_RSA_BITS = 16384
MAX_KEY_TEXT = 16_000
MAX_COMMENT = 200

_MAKE_ONE = "Make a key with: ssh-keygen -t ed25519, and give the line in its .pub file."
_SENSITIVE = re.compile(r"BEGIN [A-Z0-9 ]*PRIVATE KEY|PuTTY-User-Key-File")
_TYPE_SHAPE = re.compile(r"[a-z][a-z0-9.@-]{1,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._-]{0,62}")
_KEY_INSIDE = re.compile(r"[\s,\"](?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+\s+AAAA")


class _MalformedError(Exception):
    """The bytes of a key do not have the shape that its type asks for."""


class _WeakError(Exception):
    """The key is well formed, and too weak to be trusted."""


@dataclass(frozen=True, slots=True)
class Key:
    """One public key. ``blob`` is the wire form, ``comment`` one printable line or empty.

    ``expires`` is what was asked for, ``grace`` the end that a rotation set. ``declared`` says
    that the inventory lists the key. A revoked key is remembered, so that it never comes back.
    """

    type: str
    blob: bytes
    comment: str = ""
    name: str = ""
    expires: str | None = None
    grace: str | None = None
    revoked: bool = False
    declared: bool = False

    @property
    def fingerprint(self) -> str:
        """The form that ``ssh-keygen -l`` shows: ``SHA256:`` and 43 characters."""
        digest = hashlib.sha256(self.blob).digest()
        return "SHA256:" + base64.b64encode(digest).decode().rstrip("=")

    @property
    def line(self) -> str:
        """The line of a .pub file."""
        encoded = base64.b64encode(self.blob).decode()
        return f"{self.type} {encoded} {self.comment}".rstrip()

    @property
    def until(self) -> str | None:
        """When sshd stops accepting the key; None: never."""
        return min(filter(None, (self.expires, self.grace)), default=None)

    @property
    def labels(self) -> frozenset[str]:
        """The words by which a person may name this key among those of one analyst."""
        return frozenset({self.name, self.comment, self.fingerprint} - {""})


class _Wire:
    """Reads the length-prefixed fields of RFC 4251 section 5."""

    def __init__(self, data: bytes) -> None:
        self._rest = data

    def string(self) -> bytes:
        length = int.from_bytes(self._rest[:4], "big")
        value = self._rest[4 : 4 + length]
        if len(self._rest) < 4 or len(value) != length:
            raise _MalformedError("it is cut off")
        self._rest = self._rest[4 + length :]
        return value

    def number(self) -> int:
        value = self.string()
        if not value or value[0] & 0x80:
            raise _MalformedError("it holds a number that is not positive")
        return int.from_bytes(value, "big")

    def end(self) -> None:
        if self._rest:
            raise _MalformedError("bytes follow its end")


def _check_ed25519(wire: _Wire) -> None:
    if len(wire.string()) != 32:
        raise _MalformedError("an ed25519 key is 32 bytes")


def _check_rsa(wire: _Wire) -> None:
    exponent, modulus = wire.number(), wire.number()
    bits = modulus.bit_length()
    if bits < MIN_RSA_BITS:
        raise _WeakError(f"RSA with {bits} bits")
    if bits > MAX_RSA_BITS or exponent < 3 or not exponent & 1 or not modulus & 1:
        raise _MalformedError("these are not valid RSA numbers")


def _ecdsa(bits: int) -> Callable[[_Wire], None]:
    point = 1 + 2 * ((bits + 7) // 8)

    def check(wire: _Wire) -> None:
        curve, value = wire.string(), wire.string()
        if curve != f"nistp{bits}".encode() or len(value) != point or value[0] != 4:
            raise _MalformedError(f"this is not a point of the curve nistp{bits}")

    return check


def _hardware(check: Callable[[_Wire], None]) -> Callable[[_Wire], None]:
    def check_hardware(wire: _Wire) -> None:
        check(wire)
        if not wire.string().startswith(b"ssh:"):
            raise _MalformedError("the application of a hardware key begins with 'ssh:'")

    return check_hardware


_CHECKS = MappingProxyType(
    {
        "ssh-ed25519": _check_ed25519,
        "sk-ssh-ed25519@openssh.com": _hardware(_check_ed25519),
        "ecdsa-sha2-nistp256": _ecdsa(256),
        "ecdsa-sha2-nistp384": _ecdsa(384),
        "ecdsa-sha2-nistp521": _ecdsa(521),
        "sk-ecdsa-sha2-nistp256@openssh.com": _hardware(_ecdsa(256)),
        "ssh-rsa": _check_rsa,
    }
)
_ALLOWED = "ssh-ed25519, ecdsa-sha2-nistp256/384/521, their sk- forms, or ssh-rsa of 3072 bits"


def parse_key(text: str, *, where: str) -> Key:
    """The key that one line of text says; ``where`` is the place a refusal names.

    Raises ``AccountsError``. No message repeats the text: it could be a secret, pasted by mistake.
    """
    line = text.strip()
    _refuse_other_things(line, where)
    words = line.split(None, 2)
    if words[0] not in _CHECKS:
        raise _not_a_type(line, words, where)
    if len(words) == 1:
        raise AccountsError("the key has a type but no body", where=where, remedy=_MAKE_ONE)
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError) as error:
        raise AccountsError(
            "the key's body is not base64", where=where, remedy="Copy the whole line again."
        ) from error
    _check_blob(words[0], blob, where)
    return Key(words[0], blob, _comment(words[2] if len(words) > 2 else "", where))


def parse_keys(given: Iterable[str | Mapping[str, Any]], *, where: str) -> tuple[Key, ...]:
    """Several keys of one person, in order; a repeated key is kept once.

    Each is a line of text, or a mapping of ``key`` with ``name`` and ``expires`` if they are known.
    """
    found: dict[bytes, Key] = {}
    for number, one in enumerate(given, start=1):
        key = _parse_entry(one, where=f"{where}, key {number}")
        found.setdefault(key.blob, key)
    _refuse_same_names(found.values(), where)
    return tuple(found.values())


def _parse_entry(given: str | Mapping[str, Any], *, where: str) -> Key:
    if isinstance(given, str):
        return parse_key(given, where=where)
    unknown = sorted(set(map(str, given)) - {"key", "name", "expires"})
    if unknown or not isinstance(given.get("key"), str):
        raise AccountsError(
            "this is not an entry for a key",
            where=where,
            expected="the key's line, or key with name and expires beside it",
            found=f"the word {unknown[0][:40]!r}" if unknown else "no text under key",
        )
    key, name, expires = (
        parse_key(given["key"], where=where),
        given.get("name"),
        given.get("expires"),
    )
    return replace(
        key,
        name=_checked_name(str(name), where) if name else "",
        expires=parse_time(str(expires), where=where) if expires else None,
    )


def _checked_name(name: str, where: str) -> str:
    if not _NAME.fullmatch(name):
        raise AccountsError(
            "this is not a valid name for a key",
            where=where,
            expected="1 to 63 of letters, digits, '@', '.', '_' and '-'",
            found=repr(name[:40]),
        )
    return name


def _refuse_same_names(keys: Iterable[Key], where: str) -> None:
    names: set[str] = set()
    for key in keys:
        if key.name in names:
            raise AccountsError("two keys have the same name", where=where, found=key.name)
        names |= {key.name} - {""}


def _refuse_other_things(line: str, where: str) -> None:
    if _SENSITIVE.search(line):
        raise AccountsError(
            "this is a private key, which only its owner may have",
            where=where,
            remedy="Treat it as lost, make a new pair, and give the line in its .pub file.",
        )
    if "BEGIN SSH2 PUBLIC KEY" in line:
        raise AccountsError(
            "the key is in the format of RFC 4716",
            where=where,
            expected="the one-line format of OpenSSH",
            remedy="Convert it with: ssh-keygen -i -f FILE.",
        )
    if not line:
        raise AccountsError("the key is empty", where=where, remedy=_MAKE_ONE)
    if len(line) > MAX_KEY_TEXT:
        raise AccountsError(
            "the key is too long",
            where=where,
            expected=f"at most {MAX_KEY_TEXT} characters",
            found=f"{len(line)}",
        )
    if "\n" in line or "\r" in line:
        raise AccountsError(
            "the key holds a line break",
            where=where,
            expected="one key on one line",
            remedy="Give several keys as a list.",
        )
    if not line.replace("\t", " ").isprintable():
        raise AccountsError(
            "the key holds a control or invisible character",
            where=where,
            remedy="Copy the line again from its .pub file.",
        )


def _not_a_type(line: str, words: list[str], where: str) -> AccountsError:
    first = words[0]
    if _KEY_INSIDE.search(line):
        return AccountsError(
            "options stand before the key",
            where=where,
            expected="TYPE BODY [COMMENT]",
            remedy="Leave them out: the broker decides what a key may do.",
        )
    if first.startswith(("/", "~", "./")) or (len(words) == 1 and first.endswith(".pub")):
        return AccountsError(
            "this is a path, not a key", where=where, remedy="Give the text inside that file."
        )
    if first == "ssh-dss":
        return AccountsError(
            "DSA keys are too weak, and OpenSSH refuses them", where=where, remedy=_MAKE_ONE
        )
    if first.endswith("-cert-v01@openssh.com"):
        return AccountsError(
            "this is a certificate, not a key",
            where=where,
            remedy="Give the .pub file without '-cert' in its name.",
        )
    shaped = len(words) > 1 and _TYPE_SHAPE.fullmatch(first)
    return AccountsError(
        "this is not a public key that the broker accepts",
        where=where,
        expected=_ALLOWED,
        found=f"the type {first!r}" if shaped else "no key type at the start of the line",
        remedy=_MAKE_ONE,
    )


def _check_blob(kind: str, blob: bytes, where: str) -> None:
    wire = _Wire(blob)
    try:
        if wire.string() != kind.encode():
            raise _MalformedError(f"its body is not of the type {kind}")
        _CHECKS[kind](wire)
        wire.end()
    except _MalformedError as error:
        raise AccountsError(
            f"the key is damaged: {error}", where=where, remedy="Copy the whole line again."
        ) from error
    except _WeakError as error:
        raise AccountsError(
            "the key is too weak",
            where=where,
            expected=f"RSA with at least {MIN_RSA_BITS} bits, or ed25519",
            found=str(error),
            remedy=_MAKE_ONE,
        ) from error


def _comment(text: str, where: str) -> str:
    comment = " ".join(text.split())
    if len(comment) > MAX_COMMENT:
        raise AccountsError(
            "the key's comment is too long",
            where=where,
            expected=f"at most {MAX_COMMENT} characters",
            found=f"{len(comment)}",
        )
    return comment
