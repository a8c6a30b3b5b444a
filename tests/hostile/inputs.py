"""Names, keys, commands and argument lists, each made of its number alone."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Sequence
from random import Random

from .tricks import COMMANDS, FILTERS, OPTIONS, PATHS, SECRET

__all__ = ["CASES", "arguments", "command", "key", "name"]

CASES = 2_500  # of each of the four kinds

_ODD = "\0\a\b\t\n\r\x1b\x7f\x85\xa0\xad\u200b\u200e\u2028\u202e\ufeff\ufffd\U000e0041\u00e9\uff41"
_SHELL = " '\"`$(){}[]<>|&;*?!#~^%\\:/=,.-_@+"
_PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789"
_RESERVED = ("root", "sshd", "broker", "dataread", "data-ops", "systemd-x", "nobody", "sudo")
_HARDWARE = "sk-ssh-ed25519@openssh.com"
_GROWTH = (40, 300, 9_000, 70_000)


def name(number: int) -> str:
    """A name of an analyst, seldom one that may be taken."""
    luck = _luck("name", number)
    text = luck.choice((*_RESERVED, "anna", "bob-k", "eve_2", _letters(luck, _PLAIN, 8)))
    return _spoiled(luck, text)


def key(number: int) -> str:
    """A public key, seldom a whole one of a good type and nothing else."""
    luck = _luck("key", number)
    kind, blob = _key_parts(luck)
    line = f"{kind} {base64.b64encode(blob).decode()} {_letters(luck, _PLAIN + _SHELL, 12)}"
    wrap: Sequence[Callable[[str], str]] = (
        str,
        lambda text: f"{_option(luck)} {text}",
        lambda text: f"{text}{luck.choice(chr(10) + chr(13) + chr(0))}{_option(luck)} {text}",
        lambda text: text[: luck.randrange(len(text))],
        lambda text: f"-----BEGIN {luck.choice(('OPENSSH', 'RSA', ''))} PRIVATE KEY-----\n{text}",
        lambda text: f"@cert-authority * {text}",
        lambda text: text.replace(" ", luck.choice(("\t", "  ", "\xa0", ",")), 1),
        lambda text: luck.choice(("/etc/shadow", "~/.ssh/id", "ssh-rsa", "", "x.pub", text * 200)),
    )
    text = luck.choice(wrap)(line)
    return _spoiled(luck, text) if luck.random() < 0.4 else text


def command(number: int) -> str:
    """A command line of ssh, often near enough to a real one to get far."""
    luck = _luck("command", number)
    if luck.random() < 0.1:
        return _sendable(_spoiled(luck, luck.choice(COMMANDS)))
    start = "rsync --server" + luck.choice((" --sender", ""))
    words = [luck.choice(("-vlogDtpre.iLsfxCIvu", "-re.L", "-rlte.iLsfxCIvu", ""))]
    words += [_word(luck) for _ in range(luck.choice((0, 0, 0, 1, 1, 2, 4)))]
    words += [luck.choice((".", ".", ".", ".", "", _word(luck)))]
    words += [_path(luck) for _ in range(luck.choice((1, 1, 1, 2, 3, 0)))]
    text = " ".join([luck.choice((start, start, start, "", "sftp")), *filter(None, words)])
    return _sendable(_spoiled(luck, text) if luck.random() < 0.15 else text)


def arguments(number: int) -> list[str]:
    """What somebody types after ``rsync`` on a laptop; HOST: is the broker."""
    luck = _luck("arguments", number)
    options = [luck.choice(("-a", "-rlt", "-rltv", "-rl", "-rLt", "-rK", "-aH", "-rR", "-ai"))]
    options += luck.sample(FILTERS, luck.choice((0, 1, 1, 2, 3)))
    remote = f"HOST:{_sendable(_path(luck))}"
    if luck.random() < 0.5:
        more = [f":{_sendable(_path(luck))}"] if luck.random() < 0.15 else []
        return [*options, remote, *more, "there/"]
    return [*options, luck.choice(("here/", "here/", "here/up", "here/plain")), remote]


def _luck(kind: str, number: int) -> Random:
    return Random(f"{kind} {number}")  # noqa: S311 - every case is made anew from its number


def _word(luck: Random) -> str:
    if luck.random() < 0.6:
        return luck.choice((*OPTIONS, "--timeout=60", "--delete", "--stats", "-L", "--copy-links"))
    if luck.random() < 0.5:
        return luck.choice(FILTERS)
    return _letters(luck, "-./eLRaux=' \\\"" + _ODD, 12)


def _path(luck: Random) -> str:
    start = luck.choice(("server/parquet/", "server/docs", *("user/",) * 3, "~/user/", ""))
    below = ("out/", "out/secret", "secret", "up/", "up/etc/", "abs/", "bob/", "real/", "loop/")
    ends = (*below, *below, *PATHS, SECRET, f"{SECRET}/..", "../" * luck.randrange(1, 9), "")
    return start + luck.choice(ends)


def _spoiled(luck: Random, text: str) -> str:
    """The text with something odd in it, doubled, or grown out of all measure."""
    place = luck.randrange(len(text) + 1)
    ways = (
        text,
        text[:place] + luck.choice(_ODD) + text[place:],
        text[:place] + luck.choice(_SHELL) + text[place:],
        luck.choice(("../", "/", "-", "--", " ", "\n", "$(id)", "`id`", "; id; ")) + text,
        text + luck.choice(("/..", "\n", " ", ":0:0", "\0", ";id", "@", "\u202e")),
        text.upper(),
        _letters(luck, _PLAIN + _SHELL + _ODD, 40),
        (text or "x") * (luck.choice(_GROWTH) // max(1, len(text)) + 1),
    )
    return luck.choice(ways)


def _sendable(text: str) -> str:
    """Without what no environment can hold: sshd ends a command at its first NUL."""
    return text.replace("\0", "").encode(errors="replace").decode()[:100_000]


def _letters(luck: Random, alphabet: str, most: int) -> str:
    return "".join(luck.choices(alphabet, k=luck.randint(1, most)))


def _option(luck: Random) -> str:
    return luck.choice(
        (
            'command="sh"',
            "restrict,pty",
            'environment="LD_PRELOAD=/tmp/x"',
            'from="*"',
            "cert-authority",
            'permitopen="*:*"',
            'tunnel="0"',
            'expiry-time="20991231"',
            "no-touch-required",
        )
    )


def _key_parts(luck: Random) -> tuple[str, bytes]:
    """A type and a body that fit each other, or nearly."""
    kinds = (
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ssh-dss",
        "sk-ssh-ed25519@openssh.com",
    )
    kind = luck.choice(kinds)
    inner = kind if luck.random() < 0.8 else luck.choice(kinds)
    size = luck.choice((32, 32, 31, 0, 65, 257, 400))
    parts = [inner.encode(), luck.randbytes(size)]
    parts += [luck.randbytes(luck.choice((3, 256, 384)))] if kind == "ssh-rsa" else []
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return kind, blob + (luck.randbytes(5) if luck.random() < 0.1 else b"")
