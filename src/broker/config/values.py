"""The kinds of values that the files hold, each with its check and its place in JSON Schema."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ByteSize,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from ..accounts.records.names import check_name
from ..classes import CLASS_NAME, CLASS_NAME_WORDS, GROUP_NAME
from ..errors import AccountsError
from ..foreign.addresses import folded_address, folded_domain
from ..foreign.paths import is_path

__all__ = [
    "AccountName",
    "ClassName",
    "DatasetName",
    "Domain",
    "Duration",
    "EmailAddress",
    "FoldedName",
    "GroupName",
    "MetricName",
    "Names",
    "OneOrMore",
    "Origin",
    "SafeName",
    "Section",
    "Size",
    "SourceName",
    "TableId",
    "Text",
    "dataset_file",
    "duration_text",
    "is_loopback",
    "is_safe_name",
    "is_table_id",
    "unexpected",
]


def unexpected(expected: str, remedy: str | None = None) -> NoReturn:
    """Refuse a value inside a validator; the line and what was found are added by the reader."""
    raise PydanticCustomError("expected", "expected {expected}", _context(expected, remedy))


def _context(expected: str, remedy: str | None) -> dict[str, Any]:
    return {"expected": expected, "remedy": remedy}


class Section(BaseModel):
    """A mapping in a file: frozen, no unknown key; a key without a value is as if not written."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=False
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_nothing(cls, data: Any) -> Any:
        if data is None:
            return {}
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None}
        return data


def _as_list(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _split(value: Any) -> Any:
    if isinstance(value, str):
        return tuple(name for part in value.split(",") if (name := part.strip()))
    return value


def _no_repeats(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        unexpected("each name once")
    return names


def is_safe_name(name: str) -> bool:
    """Whether it can be a file, a folder and a view on every system."""
    is_hostile = ".." in name or name.lower().endswith(".parquet")
    return _SAFE_NAME.fullmatch(name) is not None and not is_hostile


def _safe_name(name: str) -> str:
    if is_safe_name(name):
        return name
    return unexpected(
        "a name of A-Z, a-z, 0-9, _, . and - that does not begin with . or -, has no '..' "
        "and no '.parquet' at its end, and is at most 100 characters long"
    )


def is_table_id(text: Any) -> bool:
    """Whether it can name a table, and its last part a file."""
    if not isinstance(text, str) or not _TABLE_ID.fullmatch(text) or ".." in text:
        return False
    return is_path(text) and is_path(text.rpartition(".")[0] or text)


def dataset_file(name: str) -> str:
    """Where in a generation the tables of a dataset are described."""
    return f"docs/datasets/{name.replace('/', '_')}.yml"


def _dataset(text: str) -> str:
    if is_path(dataset_file(text)):
        return text
    return unexpected("a name that can be a file: no backslash, no control or invisible character")


def _table_id(text: str) -> str:
    if is_table_id(text):
        return text
    return unexpected(
        "an id such as bucket.table, without / and \\, '..', blanks at the ends of its parts, "
        "control or invisible characters"
    )


def _address(text: str) -> str:
    folded = folded_address(text)
    return unexpected("an e-mail address of ASCII letters") if folded is None else folded


def _domain(text: str) -> str:
    folded = folded_domain(text)
    return unexpected("a domain such as example.com") if folded is None else folded


def _folded_name(text: str) -> str:
    name = text.strip().lower()
    is_name = folded_address(name if "@" in name else f"{name}@example.com") is not None
    return name if is_name else unexpected("an e-mail address, or its part before the @")


def _account(name: str) -> str:
    try:
        return check_name(name)
    except AccountsError as error:
        return unexpected(error.expected or "a name that is not reserved for the system")


def is_loopback(host: str) -> bool:
    """Whether a name or address of a host is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _origin(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    is_named = folded_domain(host) is not None or is_loopback(host)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    shown_host = f"[{host}]" if ":" in host else host
    plain = f"{parts.scheme}://{shown_host}" + (f":{port}" if port is not None else "")
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    if not is_named or not is_safe or plain != text.lower() or port == usual:
        unexpected(
            "an address such as https://data.example.com, with nothing behind the host or its "
            "port; http only for this machine itself"
        )
    return plain


def _size(value: Any) -> Any:
    """Refuse what pydantic would read in part (1,5GB as 1) or as bits (512Mb)."""
    if isinstance(value, str) and not _SIZE.fullmatch(value.strip()):
        unexpected("a size such as 512MB or 2GiB")
    return value


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    text = str(value).replace(" ", "")
    parts = re.findall(r"([0-9]+)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        unexpected("a duration such as 45m, 6h, 1d or 2w")
    try:
        length = sum((int(number) * _UNITS[unit] for number, unit in parts), timedelta())
    except OverflowError:
        unexpected("a duration such as 45m, 6h, 1d or 2w")
    if not length:
        unexpected("a duration longer than nothing")
    return length


def duration_text(length: timedelta) -> str:
    """A length of time as the files say it, such as 6h."""
    seconds = int(length.total_seconds())
    for unit in ("w", "d", "h", "m"):
        if seconds % int(_UNITS[unit].total_seconds()) == 0:
            return f"{seconds // int(_UNITS[unit].total_seconds())}{unit}"
    return f"{seconds}s"


_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_TABLE_ID = re.compile(
    r"[^\s./\\\x00-\x1f\x7f](?:[^/\\\x00-\x1f\x7f]{0,253}[^\s./\\\x00-\x1f\x7f])?"
)
METRIC_NAME = r"[a-z][a-z0-9_]{0,62}"
_SIZE = re.compile(r"[0-9]+(\.[0-9]+)? *([kKMGTP]i?)?B?")
_UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}


def _matches(pattern: str, expected: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        return text if compiled.fullmatch(text) else unexpected(expected)

    return AfterValidator(check)


def _pattern(pattern: str) -> Any:
    return Field(json_schema_extra={"pattern": f"^{pattern}$"})


Text = Annotated[str, StringConstraints(min_length=1)]
"""Text that is not empty."""

Names = Annotated[
    tuple[Text, ...],
    BeforeValidator(_split, json_schema_input_type=str | list[str]),
    AfterValidator(_no_repeats),
]
"""Names as a list, or as one text with commas."""

Item = TypeVar("Item")

OneOrMore = Annotated[
    tuple[Item, ...], BeforeValidator(_as_list, json_schema_input_type=str | list[str])
]
"""A list of texts of one kind; one text alone is a list of one."""

SafeName = Annotated[str, AfterValidator(_safe_name), _pattern(_SAFE_NAME.pattern)]
"""A name that can be a file, a folder and a view on every system."""

DatasetName = Annotated[str, AfterValidator(_dataset)]
"""The name of a dataset, which names a file of docs/datasets, too."""

TableId = Annotated[str, AfterValidator(_table_id)]
"""A table's name in its source; what is after the last dot is the name of its input."""

EmailAddress = Annotated[str, AfterValidator(_address)]
"""An e-mail address, folded as at every door of the portal."""

Domain = Annotated[str, AfterValidator(_domain)]
"""The part of e-mail addresses behind the @, in lower case."""

FoldedName = Annotated[str, AfterValidator(_folded_name)]
"""An e-mail address or its part before the @, in lower case."""

AccountName = Annotated[str, AfterValidator(_account)]
"""The name of an analyst's Linux account."""

Origin = Annotated[str, AfterValidator(_origin)]
"""Scheme, host and port of a web site, as browsers write it."""

ClassName = Annotated[str, _matches(CLASS_NAME, CLASS_NAME_WORDS)]
"""An access class: it becomes a folder and a part of a group's name."""

GroupName = Annotated[str, _matches(GROUP_NAME, "a Linux group name of a-z, 0-9, _ and -")]
"""A Linux group, as shadow-utils accepts it."""

SourceName = Annotated[
    str, _matches(r"[a-z][a-z0-9_-]{0,30}", "a source name of a-z, 0-9, _ and -")
]
"""A source's name in this instance."""

MetricName = Annotated[
    str,
    _matches(METRIC_NAME, "a name of a-z, 0-9 and _ that begins with a letter"),
    _pattern(METRIC_NAME),
]
"""The name of a metric."""

Size = Annotated[
    ByteSize,
    BeforeValidator(_size),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["512MB", "2GiB"]}),
]
"""A number of bytes: 512MB is 512,000,000 and 512MiB is 536,870,912."""

Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(duration_text),
    WithJsonSchema({"type": "string", "pattern": "^([0-9]+[smhdw])+$", "examples": ["6h"]}),
]
"""A length of time: 45m, 6h, 1d12h, 2w."""
