"""How CSV files are written: named dialects, and single settings that win over them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from ..errors import ConfigError
from .columnformat import ColumnFormat
from .values import Names, OneOrMore, Section, Text, unexpected

__all__ = ["CsvDialect", "contradictions"]

_ROWS_AFFECTED = r"\([0-9]+ rows? affected\)"

_DIALECTS: Mapping[str, Mapping[str, Any]] = {
    "rfc4180": {},
    "excel": {"separator_line": True},
    "spark": {"escape": "\\", "escapes": "quote"},
    "mysql": {
        "delimiter": "\t",
        "quote": "",
        "escape": "\\",
        "escapes": "mysql",
        "header": False,
        "null_values": ("\\N",),
        "empty": "text",
    },
    "postgres": {
        "delimiter": "\t",
        "quote": "",
        "escape": "\\",
        "escapes": "postgres",
        "header": False,
        "null_values": ("\\N",),
        "empty": "text",
        "footer": r"\\\.",
    },
    "snowflake": {
        "quote": "",
        "escape": "\\",
        "header": False,
        "null_values": ("\\N",),
        "empty": "text",
    },
    "salesforce": {"quoted_empty": "null"},
    "sap": {"delimiter": ";", "quote": ""},
    "sqlcmd": {
        "quote": "",
        "null_values": ("NULL",),
        "empty": "text",
        "skip_after_header": 1,
        "footer": _ROWS_AFFECTED,
    },
}
"""What each dialect sets, besides the defaults. Sources stand in docs/sources.md."""

# Windows separates lists with a semicolon where a comma separates decimals, and in Switzerland.
_SEMICOLON = re.compile(
    r"(?:az|be|bg|bs|ca|cs|da|de|el|es|et|eu|fi|fr|gl|hr|hu|hy|id|is|it|ka|kk|lt|lv|mk|nb|nl|nn|no"
    r"|pl|pt|ro|ru|sk|sl|sq|sr|sv|tr|uk|vi)(?:-(?!do|gt|hn|mx|ni|pa|pr|sv|us).*)?|en-za"
)


def _mark(text: str) -> str:
    mark = {"\\t": "\t", "tab": "\t", "none": ""}.get(text, text)
    if len(mark) > 1 or not mark.isascii() or mark.isalnum() or mark in ("\r", "\n", "\0"):
        unexpected("one ASCII character other than a letter, digit or line end")
    return mark


def _delimiter(text: str) -> str:
    return _mark(text) or unexpected("one character, or tab")


def _encoding(text: str) -> str:
    """An encoding that turns bytes into text, unlike base64 and its like."""
    try:
        "".encode(text)
        return codecs.lookup(text).name
    except (LookupError, ValueError):
        return unexpected("a text encoding such as utf-8, utf-16 or cp1250")


def _locale(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2})?", text):
        unexpected("a language, or language and country, such as de or de-AT")
    return text.replace("_", "-").lower()


def _footer(value: Any) -> Any:
    """A number of lines, or the pattern of each line."""
    if isinstance(value, bool) or (isinstance(value, int) and value < 0):
        unexpected("a number of lines, or a regular expression for a line")
    try:
        if isinstance(value, int) or value.isdecimal():
            return int(value)
        return re.compile(value).pattern
    except (re.error, TypeError, AttributeError):
        return unexpected("a number of lines, or a regular expression for a line")


def _order(text: str) -> str:
    if text in ("name", "time"):
        return text
    try:
        groups = re.compile(text).groups
    except re.error:
        groups = 0
    return text if groups else unexpected("name, time, or a regular expression with a group")


class CsvDialect(Section):
    """How a table's CSV files are written."""

    dialect: Literal[
        "rfc4180",
        "excel",
        "spark",
        "mysql",
        "postgres",
        "snowflake",
        "salesforce",
        "sap",
        "sqlcmd",
    ] = Field(default="rfc4180", description="Whose files they are; other keys win over it.")
    delimiter: Annotated[str, AfterValidator(_delimiter)] = Field(
        default=",", description="Character between values, or tab."
    )
    quote: Annotated[str, AfterValidator(_mark)] = Field(
        default='"', description="Character around values; '' where nothing is quoted."
    )
    escape: Annotated[str, AfterValidator(_mark)] = Field(
        default="",
        description="Character before a quote inside a value. Default: such a quote is doubled.",
    )
    escapes: Literal["quote", "any", "mysql", "postgres"] | None = Field(
        default=None,
        description="Before what escape is special: quote, in quotes before a quote or itself; "
        "any, before any character, which then is itself; mysql and postgres, with their letters "
        "for line ends and the like. Default: quote, or any where nothing is quoted.",
    )
    header: bool = Field(default=True, description="Whether the first line holds the column names.")
    encoding: Annotated[str, AfterValidator(_encoding)] = Field(
        default="utf-8", description="Text encoding; a byte order mark is understood anyway."
    )
    columns: Names = Field(
        default=(),
        description="Column names, where the file has no header. union: each file may have other "
        "columns; where one is not there, it is NULL.",
    )
    null_values: OneOrMore[str] = Field(
        default=(), description="Texts without quotes that mean NULL, besides the table's own."
    )
    empty: Literal["null", "text"] = Field(
        default="null", description="What an empty value without quotes is: NULL, or empty text."
    )
    quoted_empty: Literal["null", "text"] = Field(
        default="text", description="What an empty value in quotes is."
    )
    locale: Annotated[str, AfterValidator(_locale)] | None = Field(
        default=None,
        description="Where Excel wrote it, such as de-AT: the delimiter is that of Windows there.",
    )
    separator_line: bool = Field(
        default=False, description="Whether a first line such as sep=; names the delimiter."
    )
    skip_rows: int = Field(default=0, ge=0, description="Lines before the header, left out.")
    skip_after_header: int = Field(
        default=0, ge=0, description="Lines after the header, such as dashes, left out."
    )
    footer: Annotated[int | str | None, BeforeValidator(_footer)] = Field(
        default=None,
        description="Lines at the end that are left out: how many, or a regular expression that "
        "each of them matches as a whole.",
    )
    short_rows: Literal["reject", "null"] = Field(
        default="reject", description="What a row with too few values is: rejected, or filled up."
    )
    trailing_delimiter: bool = Field(
        default=False, description="Whether rows end with a delimiter, after their last value."
    )
    formats: dict[Text, ColumnFormat] = Field(
        default={}, description="How the values of columns are written, by column."
    )
    order: Annotated[str, AfterValidator(_order)] | None = Field(
        default=None,
        description="Which of several files is the newer one, where keys meet: name, time (when it "
        "was written), or a regular expression whose groups say so, such as year, month and day.",
    )

    @model_validator(mode="before")
    @classmethod
    def _by_dialect(cls, data: Any) -> Any:
        """What the dialect sets, where nothing else is written. A plain ``null`` is a word here."""
        if not isinstance(data, Mapping):
            return data
        words = {"empty", "quoted_empty", "short_rows"} & {*data}
        given = {**data, **{key: "null" for key in words if data[key] is None}}
        given = {key: value for key, value in given.items() if value is not None}
        name = given.get("dialect")
        preset = _DIALECTS.get(name, {}) if isinstance(name, str) else {}
        if name == "snowflake" and given.get("quote"):
            preset = {**preset, "escape": ""}  # its escape is one of values without quotes
        if given.get("escape") == "":
            preset = {key: value for key, value in preset.items() if key != "escapes"}
        return {**preset, **_by_locale(given.get("locale")), **given}


def _by_locale(locale: Any) -> dict[str, Any]:
    if not isinstance(locale, str):
        return {}
    place = locale.replace("_", "-").lower()
    return {"delimiter": ";" if _SEMICOLON.fullmatch(place) else ","}


def contradictions(
    csv: CsvDialect, key: Callable[[str], str], where: Callable[[str], str]
) -> Iterator[ConfigError]:
    """Keys that do not fit each other; ``key`` and ``where`` give the name and place of one."""
    if not csv.header and not csv.columns:
        yield ConfigError(
            f"{key('columns')} is missing",
            where=where("header"),
            expected="the names of the columns, because header is false",
            remedy=None
            if csv.dialect == "rfc4180"
            else f"Files of {csv.dialect} have no header; where yours do, say header: true.",
        )
    if csv.escapes is not None and not csv.escape:
        yield ConfigError(
            f"{key('escapes')} has no effect without escape",
            where=where("escapes"),
            remedy="Add escape, or remove it.",
        )
    if csv.escapes == "quote" and not csv.quote:
        yield ConfigError(
            f"{key('escapes')} is wrong",
            where=where("escapes"),
            expected="any, mysql or postgres, because nothing is quoted",
            found="'quote'",
        )
    if csv.delimiter in (csv.quote, csv.escape):
        yield ConfigError(
            f"{key('delimiter')} is wrong",
            where=where("delimiter"),
            expected="another character than quote and escape",
            found=f"'{csv.delimiter}'",
        )
