"""The tables of keys in ``docs/configuration.md``, made from the declaration.

``python -m broker.config.reference docs/configuration.md`` brings them up to date.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ByteSize
from pydantic.fields import FieldInfo

from .description import DescriptionFile
from .instance import Instance
from .metric import MetricDescription
from .placeholders import PLACEHOLDERS
from .problems import key_is_chosen, section_of
from .values import duration_text

__all__ = ["render"]

_REGION = re.compile(r"(<!-- begin (\w+) -->\n).*?(<!-- end \2 -->)", re.DOTALL)


def render(markdown: str) -> str:
    """The document with what stands between its begin and end marks made anew."""
    regions = {
        "instance": lambda: _sections(Instance),
        "description": lambda: _sections(DescriptionFile),
        "metric": lambda: _sections(MetricDescription, "The keys of a metric"),
        "placeholders": _placeholders,
    }
    return _REGION.sub(lambda m: f"{m[1]}{regions[m[2]]()}{m[3]}", markdown)


def _sections(root: type[BaseModel], title: str = "The sections") -> str:
    return "\n".join(_section(path, model, title) for path, model in _walk(root, ""))


def _walk(model: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    """Each section once, with the way to it: ``datasets.NAME``, ``tables[].csv``."""
    yield path, model
    for name, field in model.model_fields.items():
        inner = section_of(field.annotation)
        if inner is not None:
            ending = ".NAME" if key_is_chosen(field.annotation) else ""
            ending = "[]" if "tuple[" in str(field.annotation) else ending
            yield from _walk(inner, f"{path}.{name}{ending}".lstrip("."))


def _section(path: str, model: type[BaseModel], first: str) -> str:
    title = f"### `{path}`" if path else f"### {first}"
    kinds = model.model_json_schema(mode="validation")["properties"]
    rows = [
        f"| `{name}` | {_kind(kinds[name])} | {_default(field)} | {field.description} |"
        for name, field in model.model_fields.items()
    ]
    head = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n"
    return f"{title}\n\n{head}" + "\n".join(rows) + "\n"


def _kind(part: Mapping[str, Any]) -> str:
    """What a value is, in words, from its JSON Schema."""
    if "anyOf" in part:
        kinds = [_kind(one) for one in part["anyOf"] if one.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if part.get("type") == "array":
        return "list" if part.get("items", {}).get("type") == "string" else "list of mappings"
    if part.get("type") == "object":
        inner = _kind(part.get("additionalProperties", {}))
        return f"names to {inner}s" if inner == "mapping" else f"names to {inner}"
    return "mapping" if "$ref" in part else _simple(part)


def _simple(part: Mapping[str, Any]) -> str:
    if "enum" in part:
        return ", ".join(f"`{word}`" for word in part["enum"])
    if "examples" in part:
        return f"such as `{part['examples'][0]}`"
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "`true` or `false`",
    }
    kind = words.get(str(part.get("type")), "anything")
    bounds = [str(part[key]) for key in ("minimum", "maximum") if key in part]
    return (
        f"{kind}, at least {bounds[0]}"
        if len(bounds) == 1
        else " ".join([kind, " to ".join(bounds)]).rstrip()
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    default = field.default
    if isinstance(default, BaseModel) or default in (None, "", (), {}):
        return ""
    if isinstance(default, ByteSize):
        return f"`{default.human_readable()}`"
    if isinstance(default, timedelta):
        return f"`{duration_text(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _placeholders() -> str:
    rows = [
        f"| `{{{{{name}}}}}` | {f'{days} days ago' if days else 'today'} |\n"
        for name, days in PLACEHOLDERS.items()
    ]
    return "| placeholder | day |\n| --- | --- |\n" + "".join(rows)


if __name__ == "__main__":
    document = Path(sys.argv[1])
    document.write_text(render(document.read_text(encoding="utf-8")), encoding="utf-8")
