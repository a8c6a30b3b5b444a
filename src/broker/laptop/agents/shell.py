"""A line of shell as the commands in it, as far as one can tell without running it. Pure.

Best effort: what a command makes of its words only a shell knows. Standard library only.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath

__all__ = ["ShellCommand", "commands_of"]

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "ksh"})
# What runs the command after it; with the options of each that take a word.
_WRAPPERS = {
    "command": "",
    "env": "uCS",
    "exec": "a",
    "nice": "n",
    "nohup": "",
    "sudo": "ugpCDhRTU",
    "time": "fo",
    "timeout": "ks",
}
_KEYWORDS = frozenset({"if", "then", "else", "elif", "while", "until", "do", "{", "!"})
_HEREDOC = re.compile(r"<<-?[ \t]*(['\"]?)(\w+)\1")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_MOST_DEPTH = 4


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
    """Each command of the line in its order; raises ``ValueError`` for a quote without its end."""
    line, texts = _without_heredocs(line)
    for tokens in _split(_tokens(line)):
        words, writes, has_text = _redirected(tokens)
        words = _bare(words)
        if not words:
            if writes:
                yield ShellCommand("", (), tuple(writes), "", cwd)
            continue
        stdin = texts.pop(0) if has_text and texts else ""
        name = PurePath(words[0]).name
        yield ShellCommand(name, tuple(words[1:]), tuple(writes), stdin, cwd)
        if depth and (script := _script(name, words[1:], stdin)):
            yield from commands_of(script, cwd, depth - 1)
        if name == "cd" and len(words) == 2:
            cwd = cwd / words[1]


def _without_heredocs(line: str) -> tuple[str, list[str]]:
    """The line without the texts that stand below it, and these texts."""
    kept: list[str] = []
    texts: list[str] = []
    wanted: list[str] = []
    body: list[str] = []
    for row in line.split("\n"):
        if wanted:
            if row.strip("\t") == wanted[0]:
                texts.append("\n".join(body))
                del wanted[0], body[:]
            else:
                body.append(row)
            continue
        wanted = [match[2] for match in _HEREDOC.finditer(row)]
        kept.append(row)
    return "\n".join(kept), texts


def _tokens(line: str) -> list[str]:
    lexer = shlex.shlex(line.replace("\\\n", ""), posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    return list(lexer)


def _split(tokens: Sequence[str]) -> Iterator[list[str]]:
    found: list[str] = []
    for token in tokens:
        if token and not set(token) - set("();|&\n"):
            yield found
            found = []
        else:
            found.append(token)
    yield found


def _redirected(tokens: Sequence[str]) -> tuple[list[str], list[str], bool]:
    """Words, files that are opened for writing, and whether a text follows."""
    words: list[str] = []
    writes: list[str] = []
    has_text = False
    rest = iter(tokens)
    for token in rest:
        if token and not set(token) - set("<>|&"):
            target = next(rest, "")
            has_text |= token.startswith("<<")
            if ">" in token and not target.isdigit():
                writes.append(target)
            if words and words[-1].isdigit():
                words.pop()  # the number of a descriptor
        else:
            words.append(token)
    return words, writes, has_text


def _bare(words: list[str]) -> list[str]:
    """Without what stands before the program that is run."""
    while words:
        name = PurePath(words[0]).name
        if words[0] in _KEYWORDS or _ASSIGNMENT.fullmatch(words[0]):
            words = words[1:]
        elif name in _WRAPPERS and len(words) > 1:
            words = _after_options(words[1:], _WRAPPERS[name])
            if name == "timeout":
                words = words[1:]
        else:
            break
    return words


def _after_options(words: list[str], with_value: str) -> list[str]:
    while words and words[0].startswith("-"):
        takes = len(words[0]) == 2 and words[0][1] in with_value
        words = words[2 if takes else 1 :]
    return words


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
