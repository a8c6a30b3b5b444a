"""YAML as a person wrote it: every value as its text, and the line of every key.

PyYAML resolves scalars by the rules of YAML 1.1, in which ``no`` is false, ``2026-01-01`` is a
date and ``1.10`` loses its zero. Here a scalar stays text until the declaration of its key says
what it is, so a column may be called ``no``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError

__all__ = ["Document", "Location", "Scalar", "plain", "quoted"]

Location = tuple[str | int, ...]
"""The way from the root of a document to a value: keys of mappings, indexes of lists."""

_NOTHING = frozenset(["", "~", "null", "Null", "NULL"])
_FLAGS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_STANDARD_TAG = "tag:yaml.org,2002:"
_LONGEST_SHOWN = 60


class Scalar(str):
    """The text of a YAML scalar. ``is_plain``: unquoted; ``is_secret``: came from a variable."""

    is_plain: bool
    is_secret: bool

    def __new__(cls, text: str, *, is_plain: bool = False, is_secret: bool = False) -> Scalar:
        """Make one; ``repr()`` of a secret one is masked."""
        scalar = super().__new__(cls, text)
        scalar.is_plain = is_plain
        scalar.is_secret = is_secret
        return scalar

    def __repr__(self) -> str:
        """The text in quotes, or stars where it came from a variable."""
        return "'**********'" if self.is_secret else super().__repr__()


@dataclass
class Document:
    """One YAML document and where in which file each part of it stands.

    ``first_line`` is the line of the file at which the text begins (a block in Markdown).
    ``expand`` turns the text of a scalar into its value; it raises ``ConfigError`` when it cannot.
    ``problems`` are the mistakes that can be seen without knowing what the document is for.
    Raises ``ConfigError`` when the text is no YAML at all.
    """

    text: str
    path: Path
    first_line: int = 1
    expand: Callable[[str], str] | None = None
    data: Any = field(init=False)
    problems: list[ConfigError] = field(init=False, default_factory=list)
    _root: yaml.Node | None = field(init=False, repr=False)
    _spoiled: set[int] = field(init=False, repr=False, default_factory=set)

    def __post_init__(self) -> None:
        """Parse, and build the data."""
        self._root = self._parse()
        try:
            self.data = None if self._root is None else self._build(self._root, ())
        except RecursionError as error:
            raise ConfigError("the YAML is nested too deeply", where=str(self.path)) from error

    def where(self, location: Location) -> str:
        """``file:line`` of a key or a list item; of what is around it, where it does not exist."""
        line = self.first_line if self._root is None else self._line(self._root)
        for marker, _ in self._walk(location):
            line = self._line(marker)
        return f"{self.path}:{line}"

    def found(self, location: Location) -> str | None:
        """What stands there, in words fit for a message; None where nothing does.

        A value that came from a variable is shown as it was written, not as it was expanded.
        """
        nodes = [value for _, value in self._walk(location)]
        if len(nodes) != len(location):
            return None
        node = nodes[-1] if nodes else self._root
        if isinstance(node, yaml.SequenceNode):
            return "a list"
        if isinstance(node, yaml.MappingNode):
            return "a mapping"
        return "nothing" if _is_nothing(node) else quoted(str(getattr(node, "value", "")))

    def is_spoiled(self, location: Location) -> bool:
        """Whether a problem of this very value is told already."""
        return any(id(value) in self._spoiled for _, value in self._walk(location))

    def _line(self, node: yaml.Node) -> int:
        return self.first_line + self.text.count("\n", 0, int(node.start_mark.index))

    def _parse(self) -> yaml.Node | None:
        try:
            return yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            raise self._not_yaml(error) from error
        except yaml.reader.ReaderError as error:
            line = self.first_line + self.text.count("\n", 0, int(error.position))
            raise ConfigError(
                "the YAML cannot be read: it holds a control character",
                where=f"{self.path}:{line}",
                found=f"U+{ord(str(error.character)):04X}",
                remedy="Remove that character.",
            ) from error
        except RecursionError as error:
            raise ConfigError("the YAML is nested too deeply", where=str(self.path)) from error

    def _not_yaml(self, error: yaml.MarkedYAMLError) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        index, column = (mark.index, mark.column) if mark else (0, 0)
        line = self.text.count("\n", 0, index)
        problem = error.problem or error.context or "it ends too early"
        is_tab = "'\\t'" in problem
        return ConfigError(
            f"the YAML cannot be read at column {column + 1}: {problem}",
            where=f"{self.path}:{self.first_line + line}",
            remedy="Indent with spaces, not tabs." if is_tab else None,
        )

    def _walk(self, location: Location) -> Iterator[tuple[yaml.Node, yaml.Node]]:
        node = self._root
        for part in location:
            step = None if node is None else self._step(node, part)
            if step is None:
                return
            yield step
            node = step[1]

    def _step(self, node: yaml.Node, part: str | int) -> tuple[yaml.Node, yaml.Node] | None:
        if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            items = node.value
            return (items[part], items[part]) if part < len(items) else None
        if isinstance(node, yaml.MappingNode):
            return _pairs(node).get(str(part))
        return None

    def _build(self, node: yaml.Node, above: tuple[yaml.Node, ...]) -> Any:
        if any(node is other for other in above):
            self._spoil(node, "a YAML alias stands inside of what it refers to")
            return None
        if not str(node.tag).startswith(_STANDARD_TAG):
            self._spoil(node, "the YAML tag has no meaning here", found=quoted(str(node.tag)))
            return None
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item, (*above, node)) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return self._build_mapping(node, above)
        return self._build_scalar(node)

    def _build_mapping(self, node: yaml.MappingNode, above: tuple[yaml.Node, ...]) -> Any:
        self._refuse_repeats(node)
        return {
            key: None if _is_nothing(value) else self._build(value, (*above, node))
            for key, (_, value) in _pairs(node).items()
        }

    def _refuse_repeats(self, node: yaml.MappingNode) -> None:
        first: dict[str, yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self._spoil(key, "a key must be text, not a list or a mapping")
            elif key.value in first and key.value != "<<":
                line = self._line(first[key.value])
                self._spoil(key, f"the key {quoted(key.value)} stands twice, first in line {line}")
            else:
                first[key.value] = key

    def _build_scalar(self, node: yaml.Node) -> Scalar:
        text = str(node.value)
        is_plain = getattr(node, "style", None) is None
        if self.expand is None or "$" not in text:
            return Scalar(text, is_plain=is_plain)
        try:
            expanded = self.expand(text)
        except ConfigError as error:
            self._spoil(node, error.message, found=error.found, remedy=error.remedy)
            return Scalar(text)
        return Scalar(expanded, is_secret="${" in text)

    def _spoil(
        self, node: yaml.Node, message: str, found: str | None = None, remedy: str | None = None
    ) -> None:
        self._spoiled.add(id(node))
        where = f"{self.path}:{self._line(node)}"
        self.problems.append(ConfigError(message, where=where, found=found, remedy=remedy))


def _is_nothing(node: yaml.Node | None) -> bool:
    if node is None:
        return True
    is_scalar = isinstance(node, yaml.ScalarNode) and node.style is None
    return is_scalar and node.value in _NOTHING


def _pairs(node: yaml.MappingNode, depth: int = 0) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The entries of a mapping by key, those that ``<<`` merges in first, so that own ones win."""
    merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value == "<<" and key.style is None and depth < 50:
            others = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for other in reversed([one for one in others if isinstance(one, yaml.MappingNode)]):
                merged.update(_pairs(other, depth + 1))
        else:
            own[str(key.value)] = (key, value)
    return {**merged, **own}


def quoted(text: str) -> str:
    """The text as a message shows it: in quotes, on one line, not endless."""
    shown = text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"
    return "'" + "".join(c if c.isprintable() else repr(c)[1:-1] for c in shown) + "'"


def plain(value: Any) -> Any:
    """A value of no declared type as YAML 1.2 would read it: numbers, flags, nothing, text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if not isinstance(value, Scalar) or value.is_secret:
        return value
    return _resolved(str(value)) if value.is_plain else str(value)


def _resolved(text: str) -> Any:
    if text in _NOTHING:
        return None
    if text in _FLAGS:
        return _FLAGS[text]
    for number in (int, float):
        try:
            return number(text) if "_" not in text else text
        except ValueError:
            continue
    return text
