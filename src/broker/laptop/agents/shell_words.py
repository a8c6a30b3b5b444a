"""A line of shell as words and operators, quoting taken off: POSIX, and what bash adds. Pure.

Each character is looked at once, so a long line takes no longer than it must. Standard library
only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["ShellToken", "UnreadableLineError", "tokens_of"]

_MOST_CHARACTERS = 200_000
_MOST_DEPTH = 40
_OPERATOR = re.compile(
    r"&>>|&>|<<<|<<-|<<|>>|>\||>&|<&|<>|[<>]\(|[<>]|&&|\|\||\|&|;;&|;;|;&|[;&|()\n]"
)
_BLANKS = re.compile(r"(?:[ \t\r]|\\\n)+")
_COMMENT = re.compile(r"#[^\n]*")
_PLAIN = re.compile(r"""[^\s'"\\$`;&|()<>]+|[^\S \t\r\n]""")
_SINGLE = re.compile(r"'([^']*)'")
_WITH_ESCAPES = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_IN_DOUBLE = re.compile(r'[^"\\$`]+')
_IN_BACKQUOTES = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)
_ARITHMETIC = re.compile(r"\$\(\((?:[^()]|\([^()]*\))*\)\)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class UnreadableLineError(Exception):
    """The line is longer, or nested deeper, than is read here; a shell might run it."""


@dataclass(slots=True)
class ShellToken:
    """A word as quoting leaves it, or an operator of the shell.

    ``scripts`` are the commands that stand in a word for what they print; ``below`` is the text
    that follows an operator ``<<``.
    """

    text: str
    is_operator: bool = False
    scripts: list[str] = field(default_factory=list)
    below: str = ""


def tokens_of(line: str) -> list[ShellToken]:
    """All of them in order.

    Raises ``ValueError`` for a quote or a bracket without its end, which no shell runs, and
    ``UnreadableLineError`` for what is too long or too deep.
    """
    if len(line) > _MOST_CHARACTERS:
        raise UnreadableLineError(f"{len(line):,} characters")
    return list(_Scanner(line).tokens())


class _Scanner:
    """Reads from ``at`` on; ``depth`` counts the substitutions around it."""

    def __init__(self, line: str, at: int = 0, depth: int = 0) -> None:
        if depth > _MOST_DEPTH:
            raise UnreadableLineError(f"more than {_MOST_DEPTH} substitutions in each other")
        self._line = line
        self.at = at
        self._depth = depth
        self._waiting: list[ShellToken] = []

    def tokens(self) -> Iterator[ShellToken]:
        """Up to the end, or behind the bracket that closes a substitution."""
        brackets, before = 0, ShellToken("", is_operator=True)
        while self.at < len(self._line):
            if self._skips(_BLANKS) or self._skips(_COMMENT):
                continue
            token = self._operator() or self._word()
            if token.is_operator:
                brackets += token.text.endswith("(")
                brackets -= token.text == ")"
                if brackets < 0 and self._depth:
                    return
                if token.text == "\n":
                    self._take_texts()
            elif before.is_operator and before.text in ("<<", "<<-"):
                self._waiting.append(before)
                before.below = token.text
            yield token
            before = token
        if self._depth:
            raise ValueError("No closing bracket")

    def _skips(self, pattern: re.Pattern[str]) -> bool:
        match = pattern.match(self._line, self.at)
        if match is not None:
            self.at = match.end()
        return match is not None

    def _operator(self) -> ShellToken | None:
        match = _OPERATOR.match(self._line, self.at)
        if match is None:
            return None
        self.at = match.end()
        return ShellToken(match[0], is_operator=True)

    def _take_texts(self) -> None:
        """Those that begin on this line, each up to the word that ends it."""
        for token in self._waiting:
            end, rows = token.below, []
            while self.at < len(self._line):
                stop = self._line.find("\n", self.at)
                stop = len(self._line) if stop < 0 else stop
                row = self._line[self.at : stop]
                self.at = stop + 1
                if (row.lstrip("\t") if token.text == "<<-" else row) == end:
                    break
                rows.append(row)
            token.below = "\n".join(rows)
        self._waiting.clear()

    def _word(self) -> ShellToken:
        parts: list[str] = []
        scripts: list[str] = []
        while self.at < len(self._line):
            here = self._line[self.at]
            if here in " \t\r\n;&|()<>":
                break
            parts.append(self._piece(here, scripts))
        return ShellToken("".join(parts), scripts=scripts)

    def _piece(self, here: str, scripts: list[str]) -> str:
        for pattern in (_PLAIN, _SINGLE, _WITH_ESCAPES):
            match = pattern.match(self._line, self.at)
            if match is not None:
                self.at = match.end()
                text = match[match.lastindex or 0]
                return _ESCAPED.sub(r"\1", text) if pattern is _WITH_ESCAPES else text
        if here == '"' or self._line.startswith('$"', self.at):
            return self._double(scripts)
        if here in "$`":
            return self._substitution(scripts)
        if here == "\\":
            return self._escaped()
        raise ValueError("No closing quotation")

    def _escaped(self) -> str:
        text = self._line[self.at + 1 : self.at + 2]
        self.at += 2
        return "" if text == "\n" else text

    def _double(self, scripts: list[str]) -> str:
        self.at = self._line.index('"', self.at) + 1
        parts: list[str] = []
        while self.at < len(self._line):
            here = self._line[self.at]
            if here == '"':
                self.at += 1
                return "".join(parts)
            if here == "\\":
                follows = self._line[self.at + 1 : self.at + 2]
                text = self._escaped()
                parts.append(text if follows in ('"', "\\", "$", "`", "\n", "") else f"\\{text}")
            elif here in "$`":
                parts.append(self._substitution(scripts))
            elif match := _IN_DOUBLE.match(self._line, self.at):
                parts.append(match[0])
                self.at = match.end()
        raise ValueError("No closing quotation")

    def _substitution(self, scripts: list[str]) -> str:
        """What a command prints is not known here; what else begins with ``$`` stays as it is."""
        start = self.at
        if self._line[start] == "`":
            match = _IN_BACKQUOTES.match(self._line, start)
            if match is None:
                raise ValueError("No closing quotation")
            scripts.append(_ESCAPED.sub(r"\1", match[1]))
            self.at = match.end()
        elif self._skips(_ARITHMETIC):
            pass
        elif self._line.startswith("$(", start):
            inner = _Scanner(self._line, start + 2, self._depth + 1)
            for _ in inner.tokens():
                pass
            self.at = inner.at
            scripts.append(self._line[start + 2 : self.at - 1])
        else:
            self.at += 1
        return self._line[start : self.at]
