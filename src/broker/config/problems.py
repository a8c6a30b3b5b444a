"""Every mistake in a file at once, each in one line that names place, key and remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, SecretStr, ValidationError

from ..errors import ConfigError, nearest
from .document import Document, KeyPath
from .scalars import quoted

__all__ = [
    "InvalidConfigError",
    "did_you_mean",
    "key_is_chosen",
    "problems_of",
    "raise_if_any",
    "section_of",
    "validated",
]

_EXPECTED = {
    "string_type": "text",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (lines of 'key: value')",
    "mapping_type": "a mapping (lines of 'key: value')",
    "model_type": "a mapping (lines of 'key: value')",
    "byte_size": "a size such as 512MB or 2GiB",
    "byte_size_unit": "a size such as 512MB or 2GiB",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "text that is not empty",
}
Model = TypeVar("Model", bound=BaseModel)


class InvalidConfigError(ConfigError):
    """All mistakes of one reading. ``problems`` has them one by one, ``str()`` one a line."""

    def __init__(self, problems: Sequence[ConfigError]) -> None:
        """``problems`` holds at least one."""
        self.problems = tuple(problems)
        if len(self.problems) > 1:
            super().__init__("several mistakes")
            self.args = ("\n".join(str(problem) for problem in self.problems),)
            return
        only = self.problems[0]
        super().__init__(
            only.message,
            where=only.where,
            expected=only.expected,
            found=only.found,
            remedy=only.remedy,
        )


def problems_of(error: ConfigError) -> tuple[ConfigError, ...]:
    """The mistakes that an error carries; itself, where it is a single one."""
    return error.problems if isinstance(error, InvalidConfigError) else (error,)


def raise_if_any(problems: Iterable[ConfigError]) -> None:
    """Raise ``InvalidConfigError`` with the problems in the order of their places; none is fine."""
    ordered = sorted(problems, key=_by_place)
    if ordered:
        raise InvalidConfigError(ordered)


def _by_place(problem: ConfigError) -> tuple[str, int]:
    path, _, line = (problem.where or "").rpartition(":")
    return (path, int(line)) if line.isdigit() else (problem.where or "", 0)


def validated(
    model: type[Model],
    value: Any,
    document: Document,
    location: KeyPath = (),
    *,
    folder: Path | None = None,
    skipping: Collection[KeyPath] = (),
) -> tuple[Model | None, list[ConfigError]]:
    """The value as a ``model``, or None and what is wrong with it, with lines of ``document``.

    ``location`` is where in the document the value stands; ``folder`` is what relative paths
    in it are relative to; values at the places in ``skipping`` are not checked.
    """
    try:
        return model.model_validate(value, context={"folder": folder}), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    placed = [(detail, (*location, *_parts(detail["loc"]))) for detail in details]
    problems = [
        _problem(detail, model, document, location)
        for detail, place in placed
        if not document.is_spoiled(place)
        if place not in skipping or detail["type"] == "extra_forbidden"
    ]
    return None, problems


def _parts(loc: Iterable[str | int]) -> KeyPath:
    return tuple(part for part in loc if part != "[key]")


def _problem(
    detail: Mapping[str, Any], model: type[BaseModel], document: Document, base: KeyPath
) -> ConfigError:
    location = (*base, *_parts(detail["loc"]))
    if detail["type"] == "extra_forbidden":
        return _unknown_key(detail["loc"], model, document, location)
    name, where = document.name(location) or "the YAML", document.where(location)
    if detail["type"] == "missing":
        return ConfigError(f"{name} is missing", where=where)
    found = document.found(location)
    if "[key]" in detail["loc"]:
        found = quoted(str(location[-1]))
    elif _is_secret(model, detail["loc"]) or (
        detail["type"] == "expected" and found in ("a list", "a mapping")
    ):
        found = None
    expected, remedy = _expectation(detail, found)
    return ConfigError(
        f"{name} is wrong", where=where, expected=expected, found=found, remedy=remedy
    )


def _unknown_key(
    loc: Sequence[str | int], model: type[BaseModel], document: Document, location: KeyPath
) -> ConfigError:
    key, parent = str(location[-1]), document.name(location[:-1])
    allowed = _keys(_section_at(model, loc[:-1]))
    return ConfigError(
        f"unknown key {quoted(key)}" + (f" in {parent}" if parent else ""),
        where=document.where(location),
        expected=_one_of(allowed),
        remedy=did_you_mean(key, allowed),
    )


def _expectation(detail: Mapping[str, Any], found: str | None) -> tuple[str, str | None]:
    """What would have been right, and a remedy where there is a better one than that."""
    context = detail.get("ctx", {})
    if detail["type"] == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        return _one_of(allowed), did_you_mean((found or "").strip("'"), allowed)
    if detail["type"] == "expected":
        return str(context["expected"]), context.get("remedy")
    pattern = _EXPECTED.get(str(detail["type"]))
    return (pattern.format(**context) if pattern else str(detail["msg"])), None


def did_you_mean(word: str, allowed: Iterable[str], *, likeness: float = 0.6) -> str | None:
    """A question that names the nearest allowed word; None where nothing is as near as that."""
    by_lower = {one.lower(): one for one in allowed}
    near = nearest(word.lower(), by_lower, likeness=likeness)
    return f"Did you mean '{by_lower[near]}'?" if near is not None else None


def _one_of(allowed: Sequence[str]) -> str:
    return ", ".join(allowed[:-1]) + " or " + allowed[-1] if len(allowed) > 1 else "".join(allowed)


def _keys(section: type[BaseModel]) -> tuple[str, ...]:
    """The keys in use, without those kept for other programs' files."""
    return tuple(name for name, field in section.model_fields.items() if not field.deprecated)


def _section_at(model: type[BaseModel], loc: Sequence[str | int]) -> type[BaseModel]:
    is_name = False
    for part in loc:
        if is_name or isinstance(part, int):  # a key that people choose, or an item of a list
            is_name = False
            continue
        annotation = model.model_fields[part].annotation
        model = section_of(annotation) or model
        is_name = key_is_chosen(annotation)
    return model


def _is_secret(model: type[BaseModel], loc: Sequence[str | int]) -> bool:
    field = _section_at(model, loc[:-1]).model_fields.get(str(loc[-1])) if loc else None
    annotation = None if field is None else field.annotation
    return SecretStr in (annotation, *get_args(annotation))


def key_is_chosen(annotation: Any) -> bool:
    """Whether a value of this type is a mapping whose keys people choose."""
    return get_origin(annotation) is dict


def section_of(annotation: Any) -> type[BaseModel] | None:
    """The section that a value of this type is, holds, or may be; None where there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (section_of(argument) for argument in get_args(annotation))
    return next((section for section in inner if section), None)
