"""The first ``data_description.md`` of a source, for people to correct. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..config.document import Document
from ..config.markdown import yaml_blocks
from ..config.yaml_text import readable_yaml
from ..foreign.text import prose

__all__ = ["Draft", "Revision", "document", "revise"]

# What a draft says of a table by its data. All else is a person's own word.
_FROM_DATA = (
    "primary_key",
    "partition_by",
    "partition_granularity",
    "csv",
    "null_values",
    "types",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the data say of one table. ``remarks`` are sentences for the person who corrects it."""

    id: str
    types: Mapping[str, str]
    source: str | None = None
    description: str = ""
    file: str | None = None
    primary_key: tuple[str, ...] = ()
    partition_by: str | None = None
    partition_granularity: str | None = None
    csv: Mapping[str, Any] = field(default_factory=dict)
    null_values: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """The table as ``data_description.md`` writes it; what is not known is left out."""
        facts = {
            "id": self.id,
            "source": self.source,
            "description": self.description,
            "file": self.file,
            "primary_key": self.primary_key[0]
            if len(self.primary_key) == 1
            else [*self.primary_key],
            "sync_strategy": "full_refresh",
            "partition_by": self.partition_by,
            "partition_granularity": self.partition_granularity,
            "csv": dict(self.csv),
            "null_values": list(self.null_values),
            "types": dict(self.types),
        }
        return {key: value for key, value in facts.items() if value}


@dataclass(frozen=True, slots=True)
class Revision:
    """A file after a second look: ``text`` is what a person wrote, and after it what is new.

    ``differences`` are unified diffs, by table id, from what the file says to what the data
    say; ``gone`` are the tables that are described but not there.
    """

    text: str
    added: tuple[str, ...]
    differences: Mapping[str, str]
    gone: tuple[str, ...]


def document(title: str, drafts: Iterable[Draft]) -> str:
    """The whole file, in Markdown."""
    head = (
        f"# Tables of {title}\n\n"
        "A first draft, inferred from the data by `broker discover`. Correct it: what stands here\n"
        "is kept when the command runs again.\n"
    )
    return "\n".join([head, *map(_section, drafts)])


def revise(
    text: str,
    path: Path,
    drafts: Iterable[Draft],
    is_wanted: Callable[[str], bool] = lambda _: True,
) -> Revision:
    """Add the tables that ``text`` (the file ``path``) does not describe; change nothing else.

    ``is_wanted`` says of a table's id whether it was looked for at all. Raises ``ConfigError``
    when the YAML of the file cannot be read.
    """
    known = _tables(text, path)
    drafts = list(drafts)
    found = {draft.id for draft in drafts}
    added = [draft for draft in drafts if draft.id not in known]
    compared = {one.id: _difference(known[one.id], one) for one in drafts if one.id in known}
    sections = "".join(f"\n{_section(draft)}" for draft in added)
    return Revision(
        text=(text.rstrip("\n") + "\n" + sections) if added else text,
        added=tuple(draft.id for draft in added),
        differences={name: diff for name, diff in compared.items() if diff},
        gone=tuple(name for name in known if name not in found and is_wanted(name)),
    )


def _section(draft: Draft) -> str:
    remarks = "".join(f"{prose(remark)}\n" for remark in draft.remarks)
    body = _yaml({"tables": [draft.described()]})
    return f"## {prose(draft.id)}\n\n{remarks}\n```yaml\n{body}```\n"


def _yaml(data: Any) -> str:
    return readable_yaml(data, _Indented, default_flow_style=False)


class _Indented(yaml.SafeDumper):
    """Indents the items of a list below its key, as people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        """PyYAML's hook for one more level."""
        super().increase_indent(flow, indentless=False)


def _tables(text: str, path: Path) -> dict[str, Mapping[str, Any]]:
    documents = [Document(block.text, path, block.first_line) for block in yaml_blocks(text)]
    found = [one.data["tables"] for one in documents if isinstance(one.data, Mapping)]
    tables = [table for tables in found if tables for table in tables]
    return {str(table["id"]): table for table in tables if isinstance(table, Mapping)}


def _difference(known: Mapping[str, Any], draft: Draft) -> str:
    before, after = (_from_data(one).splitlines() for one in (known, draft.described()))
    lines = difflib.unified_diff(before, after, "as described", "as found", lineterm="", n=1)
    return "\n".join(lines)


def _from_data(table: Mapping[str, Any]) -> str:
    facts = {key: _comparable(key, table[key]) for key in _FROM_DATA if table.get(key)}
    return _yaml(facts) if facts else ""


def _comparable(key: str, value: Any) -> Any:
    """Scalars as text; several names are the same as a list and in one text with commas."""
    if isinstance(value, Mapping):
        return {str(inner): _comparable(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    return ", ".join(map(str.strip, text.split(","))) if key == "primary_key" else text
