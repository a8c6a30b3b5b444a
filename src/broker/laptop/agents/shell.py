"""A line of shell as the commands in it, as far as one can tell without running it. Pure.

Best effort: what a command makes of its words only a shell knows. Standard library only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import PurePath

from .shell_words import ShellToken, tokens_of

__all__ = ["ShellCommand", "commands_of"]

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})
# What runs the command after it; with the options of each that take a word.
_WRAPPERS = {
    "builtin": "",
    "command": "",
    "doas": "uC",
    "env": "uCS",
    "exec": "a",
    "ionice": "cnp",
    "nice": "n",
    "nohup": "",
    "setsid": "",
    "stdbuf": "ioe",
    "sudo": "ugpCDhRTU",
    "time": "fo",
    "timeout": "ks",
    "xargs": "adEIlLnPs",
}
_PRINTERS = frozenset({"echo", "printf"})  # whose words are what a pipe gives to xargs
_KEYWORDS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "{", "!"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_MOST_DEPTH = 4
_MOST_FOLDERS = 100


@dataclass(frozen=True, slots=True)
class ShellCommand:
    """A program with its words, as quoting leaves them. ``name`` has no folder.

    ``writes`` are the files that the shell itself opens for it, ``stdin`` is the text that stands
    in the line for it, ``cwd`` where it runs.
    """

    name: str
    words: tuple[str, ...]
    writes: tuple[str, ...]
    stdin: str
    cwd: PurePath


def commands_of(line: str, cwd: PurePath, depth: int = _MOST_DEPTH) -> Iterator[ShellCommand]:
    """Each command of the line in its order.

    Raises ``ValueError`` for a quote without its end, and ``UnreadableLineError`` for a line that
    is too long, or nested too deeply.
    """
    listed: list[str] = []
    for tokens, end in _split(tokens_of(line)):
        words, writes, stdin = _redirected(tokens)
        bare = _bare(words)
        is_each = any(PurePath(word).name == "xargs" for word in words[: len(words) - len(bare)])
        words = [*bare, *listed] if is_each else bare
        listed = _listed(bare) if end in ("|", "|&") else []
        name = PurePath(words[0]).name if words else ""
        if words or writes:
            yield ShellCommand(name, tuple(words[1:]), tuple(writes), stdin, cwd)
        if depth:
            scripts = [script for token in tokens for script in token.scripts]
            for script in (*scripts, _script(name, words[1:], stdin)):
                if script:
                    yield from commands_of(script, cwd, depth - 1)
        if name == "cd" and len(words) == 2 and len(cwd.parts) < _MOST_FOLDERS:
            cwd = cwd / words[1]


def _listed(words: Sequence[str]) -> list[str]:
    """The paths that a command prints, or the folders from which on it looks for some."""
    name = PurePath(words[0]).name if words else ""
    if name == "find":
        return [*takewhile(lambda word: not word.startswith(("-", "(", "!")), words[1:])]
    return [word for word in words[1:] if not word.startswith("-")] if name in _PRINTERS else []


def _split(tokens: Iterable[ShellToken]) -> Iterator[tuple[list[ShellToken], str]]:
    """The tokens of each command, with the operator that ends it."""
    found: list[ShellToken] = []
    for token in tokens:
        if token.is_operator and not _is_redirection(token):
            yield found, token.text
            found = []
        else:
            found.append(token)
    yield found, ""


def _is_redirection(token: ShellToken) -> bool:
    return token.text[-1] != "(" and bool(set("<>") & set(token.text))


def _redirected(tokens: Iterable[ShellToken]) -> tuple[list[str], list[str], str]:
    """Words, files that are opened for writing, and the text that follows."""
    words: list[str] = []
    writes: list[str] = []
    stdin = ""
    rest = iter(tokens)
    for token in rest:
        if not token.is_operator:
            words.append(token.text)
            continue
        target = next(rest, ShellToken("")).text
        if token.text in ("<<", "<<-"):
            stdin = token.below
        elif token.text == "<<<":
            stdin = target
        elif ">" in token.text and not target.isdigit():
            writes.append(target)
        if words and words[-1].isdigit():
            words.pop()  # the number of a descriptor
    return words, writes, stdin


def _bare(words: list[str]) -> list[str]:
    """Without what stands before the program that is run."""
    at = 0
    while at < len(words):
        name = PurePath(words[at]).name
        if words[at] in _KEYWORDS or _ASSIGNMENT.fullmatch(words[at]):
            at += 1
        elif name in _WRAPPERS and len(words) > at + 1:
            at = _after_options(words, at + 1, _WRAPPERS[name])
            at += name == "timeout"
        else:
            break
    return words[at:]


def _after_options(words: list[str], at: int, with_value: str) -> int:
    """The place of the first word behind the options and their values."""
    while at < len(words) and words[at].startswith("-"):
        takes = len(words[at]) == 2 and words[at][1] in with_value
        at += 2 if takes else 1
    return at


def _script(name: str, words: Sequence[str], stdin: str) -> str:
    """The text that a shell would run."""
    if name == "eval":
        return " ".join(words)
    if name not in _SHELLS:
        return ""
    for at, word in enumerate(words[:-1]):
        if re.fullmatch(r"-\w*c\w*", word):
            return words[at + 1]
    return stdin if not [word for word in words if not word.startswith("-")] else ""
