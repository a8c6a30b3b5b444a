"""YAML as a person wrote it: every value as its text, and the line of every key.

PyYAML resolves scalars by the rules of YAML 1.1, in which ``no`` is false, ``2026-01-01`` is a
date and ``1.10`` loses its zero. Here a scalar stays text until the declaration of its key says
what it is, so a column may be called ``no``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..errors import ConfigError
from .scalars import NOTHING, Scalar, quoted

__all__ = ["Document", "KeyPath"]

KeyPath = tuple[str | int, ...]
"""The way from the root of a document to a value: keys of mappings, indexes of lists."""

_NULL_WORDS = "null_values"
_STANDARD_TAG = "tag:yaml.org,2002:"
_FAST_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# libyaml overflows the stack, and kills the process, at some ten thousand levels.
_DEEP = re.compile(r"(?:[\[{?-]\s*){200}")


@dataclass
class Document:
    """One YAML document and where in which file each part of it stands.

    ``first_line`` is the line of the file at which the text begins (a block in Markdown).
    ``expand`` turns the text of a scalar into its value; it raises ``ConfigError`` when it cannot.
    ``expand_in`` has another one for sections of the top that need one.
    ``problems`` are the mistakes that can be seen without knowing what the document is for.
    Raises ``ConfigError`` when the text is not YAML.
    """

    text: str = field(repr=False)
    path: Path
    first_line: int = 1
    expand: Callable[[str], str] | None = field(default=None, repr=False)
    expand_in: Mapping[str, Callable[[str], str]] = field(default_factory=dict, repr=False)
    data: Any = field(init=False, repr=False)
    problems: list[ConfigError] = field(init=False, default_factory=list)
    _root: yaml.Node | None = field(init=False, repr=False)
    _spoiled: set[int] = field(init=False, repr=False, default_factory=set)
    _expand_now: Callable[[str], str] | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        """Parse, and build the data."""
        self._expand_now = self.expand
        try:
            self._root = self._parse()
            self.data = None if self._root is None else self._build(self._root, ())
        except RecursionError as error:
            raise ConfigError("the YAML is nested too deeply", where=str(self.path)) from error

    def where(self, location: KeyPath) -> str:
        """``file:line`` of a key or a list item; of what is around it, where it does not exist."""
        line = self.first_line if self._root is None else self._line(self._root)
        for marker, _ in self._walk(location):
            line = self._line(marker)
        return f"{self.path}:{line}"

    def where_in(self, location: KeyPath, line: int) -> str:
        """``file:line`` of a line of a text, counted from 1.

        That of its key, where the text is not written as a block in which every line counts (|).
        """
        nodes = [value for _, value in self._walk(location)]
        if len(nodes) < len(location) or getattr(nodes[-1], "style", None) != "|":
            return self.where(location)
        return f"{self.path}:{self._line(nodes[-1]) + line}"

    def found(self, location: KeyPath) -> str | None:
        """What stands there, in words fit for a message; None where nothing does.

        A value that came from a variable is shown as it was written, not as it was expanded.
        Where one value stands for a list or a mapping, it is found at every place in that.
        """
        nodes = [value for _, value in self._walk(location)]
        node = nodes[-1] if nodes else self._root
        if len(nodes) < len(location) and not isinstance(node, yaml.ScalarNode):
            return None
        if isinstance(node, yaml.SequenceNode):
            return "a list"
        if isinstance(node, yaml.MappingNode):
            return "a mapping"
        return "nothing" if _is_nothing(node) else quoted(str(getattr(node, "value", "")))

    def name(self, location: KeyPath) -> str:
        """A location as shown in messages: ``sync.threads``, ``table in.c-crm.orders: file``."""
        item = [value for _, value in self._walk(location[:2])]
        identity = (
            self._step(item[1], "id") if len(item) == 2 and isinstance(location[1], int) else None
        )
        if identity is None or not isinstance(identity[1], yaml.ScalarNode):
            return _dotted(location)
        rest = _dotted(location[2:])
        return f"table {identity[1].value}" + (f": {rest}" if rest else "")

    def is_spoiled(self, location: KeyPath) -> bool:
        """Whether a problem of this value is already reported."""
        return any(id(value) in self._spoiled for _, value in self._walk(location))

    def _line(self, node: yaml.Node) -> int:
        return self._line_at(int(node.start_mark.index))

    def _line_at(self, index: int) -> int:
        return self.first_line + self.text.count("\n", 0, index)

    def _parse(self) -> yaml.Node | None:
        if not _DEEP.search(self.text):
            try:
                return yaml.compose(self.text, Loader=_FAST_LOADER)
            except yaml.YAMLError:
                pass  # the slow loader finds the same and says more of it
        try:
            return yaml.compose(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            raise self._not_yaml(error) from error
        except yaml.reader.ReaderError as error:
            raise ConfigError(
                "the YAML cannot be read: it holds a control character",
                where=f"{self.path}:{self._line_at(int(error.position))}",
                found=f"U+{int(error.character):04X}",
                remedy="Remove that character.",
            ) from error

    def _not_yaml(self, error: yaml.MarkedYAMLError) -> ConfigError:
        mark = error.problem_mark or error.context_mark
        index, column = (mark.index, mark.column + 1) if mark else (0, 1)
        problem, context = error.problem or "", error.context or ""
        if context.startswith("while") and error.context_mark:
            begin = self._line_at(error.context_mark.index)
            context = f"{context} that begins in line {begin}"
            problem, context = context, problem
        details = ", ".join(part for part in (context, problem) if part)
        return ConfigError(
            f"the YAML cannot be read at column {column}: {details}",
            where=f"{self.path}:{self._line_at(index)}",
            remedy="Indent with spaces, not tabs." if "'\\t'" in details else None,
        )

    def _walk(self, location: KeyPath) -> Iterator[tuple[yaml.Node, yaml.Node]]:
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
        pairs = _pairs(node)
        self._refuse_plain_null(pairs)
        built = {}
        for key, (_, value) in pairs.items():
            if not above:
                self._expand_now = self.expand_in.get(key, self.expand)
            built[key] = None if _is_nothing(value) else self._build(value, (*above, node))
        return built

    def _refuse_plain_null(self, pairs: Mapping[str, tuple[yaml.Node, yaml.Node]]) -> None:
        """``null_values: NULL`` names a word that YAML reads as no value, so it would not count."""
        _, value = pairs.get(_NULL_WORDS, (None, None))
        if value is not None and value.value and _is_nothing(value):
            self._spoil(
                value,
                f"{_NULL_WORDS} is a plain {value.value}, which YAML reads as no value",
                remedy=f"Write {_NULL_WORDS}: ['{value.value}'] for the word, or remove the key.",
            )

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
        is_plain = not getattr(node, "style", None)
        if self._expand_now is None or "$" not in text:
            return Scalar(text, is_plain=is_plain)
        try:
            expanded = self._expand_now(text)
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


def _dotted(location: KeyPath) -> str:
    name = ""
    for part in location:
        name += f"[{part}]" if isinstance(part, int) else f".{part}" if name else part
    return name


def _is_nothing(node: yaml.Node | None) -> bool:
    if node is None:
        return True
    is_scalar = isinstance(node, yaml.ScalarNode) and not node.style
    return is_scalar and node.value in NOTHING


def _pairs(
    node: yaml.MappingNode, above: tuple[yaml.Node, ...] = ()
) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    """The entries of a mapping by key, those that ``<<`` merges in first, so that own ones win."""
    merged: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    own: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        if key.value == "<<" and not key.style:
            others = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for other in reversed(others):
                if isinstance(other, yaml.MappingNode) and all(other is not one for one in above):
                    merged.update(_pairs(other, (*above, node)))
        else:
            own[str(key.value)] = (key, value)
    return {**merged, **own}
