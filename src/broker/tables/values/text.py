r"""How text becomes a value: exactly, or not at all.

DuckDB's own casts are kinder than a data engine may be: ``'1.5'`` as BIGINT gives 2, ``'1.005'``
as DECIMAL(5,2) gives 1.01, ``'t'`` is true, ``'2024-1-5'`` a date, a zone in a wall time is
dropped, digits past the microsecond are cut, and ``[NaN,]`` is JSON. So each type has a grammar
here, and a value fits when its text follows the grammar *and* the cast takes it.

In bulk, ``bulk`` reads the same values faster; this is what decides where it does not.

``strict`` is the grammar of a type that was inferred: only the one way in which the type itself
would be written, so that ``00123`` and ``+420`` are never taken for numbers, and no digit is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..session import literal
from ..types import decimal
from .span import within

__all__ = ["attempt", "cast", "fits", "keeps", "pattern", "reason", "recast", "typed"]

_TEXT = ("VARCHAR", "BLOB")  # types of which the empty text is a value; in all others it is NULL

_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6}0*)?)?"
_CLOCK = rf"({_TIME}|24:00(:00(\.0+)?)?)"
_ZONE = "( ?UTC|Z| ?[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)"
_DOUBLE = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:[+-]?(inf|infinity)|nan)"

_JSON_TEXT = r'"(\\.|[^"\\])*"'
_BEYOND_JSON = r"(?i:nan|inf)|,\s*[\]}]"  # outside of texts; DuckDB takes it, most others do not

_PATTERNS = {
    "BIGINT": "[+-]?[0-9]+",
    "DATE": rf"{_DAY}([T ]00:00(:00(\.0+)?)?)?",
    "TIME": _TIME,  # 24:00 alone: what reads the files does not agree on it
    "TIMESTAMP": f"{_DAY}([T ]{_CLOCK})?",
    "TIMESTAMPTZ": f"{_DAY}([T ]{_CLOCK}{_ZONE}?)?",
    "DOUBLE": _DOUBLE,
}
_NUMBER = "-?(0|[1-9][0-9]*)"
_STRICT = {
    "BIGINT": _NUMBER,
    "DOUBLE": rf"{_NUMBER}(\.[0-9]+)?([eE][+-]?[0-9]+)?|(?i:-?(inf|infinity)|nan)",
    "DATE": _DAY,
    "TIMESTAMPTZ": f"{_DAY}[T ]{_CLOCK}{_ZONE}",
}


def cast(value: str, type_: str) -> str:
    """The SQL that turns text that fits into its value."""
    return value if type_ == "VARCHAR" else f"CAST({_plain(value, type_)} AS {type_})"


def attempt(value: str, type_: str) -> str:
    """The SQL of a text's value; NULL, or any other, where it does not fit."""
    return f"TRY_CAST({_plain(value, type_)} AS {type_})"


def recast(value: str, own: str, type_: str) -> str:
    """The SQL of a value in another type; NULL where that type cannot hold it.

    ``own`` is the type that the value has, which is not text. Between doubles and decimals, the
    value is written as text first: DuckDB's cast multiplies by a power of ten, and makes
    999999999999999958.3119736832 of the double 1e18. Too large doubles are left out before, since
    DuckDB does not count the digits of a text with an exponent.
    """
    text = f"CAST({value} AS VARCHAR)"
    if own == "DOUBLE" and (found := decimal(type_)) is not None:
        most = f"CAST('1e{found.precision - found.scale}' AS DOUBLE)"
        return f"CASE WHEN abs({value}) < {most} THEN TRY_CAST({text} AS {type_}) END"
    is_to_double = type_ == "DOUBLE" and decimal(own) is not None
    return f"TRY_CAST({text if is_to_double else value} AS {type_})"


def keeps(value: str, own: str, type_: str) -> str:
    """The SQL that says whether a value of the type ``own`` is the same in another type."""
    back = recast(recast(value, own, type_), type_, own)
    return f"({value} IS NULL OR coalesce({back} = {value}, false))"


def typed(value: str, type_: str, *, strict: bool = False) -> str:
    """The SQL of the value that a text is as a type; NULL where the text does not fit."""
    if type_ == "VARCHAR":
        return value
    if type_ == "BOOLEAN":
        return f"CASE lower({value}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if type_ == "JSON":
        return f"CASE WHEN json_valid({value}) AND {_only_json(value)} THEN {value} END"
    tried = attempt(value, type_)
    grammar = pattern(type_, strict=strict)
    if grammar is None:
        return tried
    holds = [f"regexp_full_match({value}, {literal(grammar)})", *_sane(tried, value, type_, strict)]
    return f"CASE WHEN {' AND '.join(holds)} THEN {tried} END"


def fits(value: str, type_: str, *, strict: bool = False) -> str:
    """The SQL that says of each text whether it fits; a NULL, or what is one, always does."""
    if type_ == "VARCHAR":
        return "true"
    absent = f"{value} IS NULL" if type_ in _TEXT else f"nullif({value}, '') IS NULL"
    return f"({absent} OR {typed(value, type_, strict=strict)} IS NOT NULL)"


def _only_json(value: str) -> str:
    """The SQL that says of JSON as DuckDB takes it whether every reader of JSON does (RFC 8259)."""
    without_texts = f"regexp_replace({value}, {literal(_JSON_TEXT)}, '\"\"', 'g')"
    likely, certain = (
        f"regexp_matches({where}, {literal(_BEYOND_JSON)})" for where in (value, without_texts)
    )
    return f"CASE WHEN {likely} THEN NOT {certain} ELSE true END"


def _plain(value: str, type_: str) -> str:
    """The SQL of a text as a cast takes it: DuckDB knows no space before the offset of a zone."""
    if type_ in _TEXT:
        return value
    found = f"nullif({value}, '')"
    return f"replace(replace({found}, ' +', '+'), ' -', '-')" if type_ == "TIMESTAMPTZ" else found


def pattern(type_: str, *, strict: bool) -> str | None:
    """The grammar of a type's text as a regular expression, where it has one."""
    if strict and type_ in _STRICT:
        return _STRICT[type_]
    found = decimal(type_)
    return _decimal_pattern(found.scale, strict) if found else _PATTERNS.get(type_)


def _decimal_pattern(scale: int, strict: bool) -> str:
    whole = _NUMBER if strict else "[+-]?[0-9]+"
    fraction = rf"(\.[0-9]{{0,{scale}}}0*)?"
    if strict:
        return whole + fraction
    after = rf"[0-9]{{1,{scale}}}0*" if scale else "0+"
    return rf"{whole}{fraction}|[+-]?\.{after}"


def _sane(tried: str, value: str, type_: str, strict: bool) -> Iterator[str]:
    """What a cast takes and a table does not: a double past its range, the year 0.

    A double that was not declared holds every digit, or the text is not one.
    """
    if type_ == "DOUBLE":
        holds = f"isfinite({tried})"
        if strict:
            # As short as it can be written, and with the 17 digits that some programs write.
            texts = f"CAST({tried} AS VARCHAR)", f"format('{{:.16e}}', {tried})"
            digits = f"{_digits(value)} IN ({', '.join(map(_digits, texts))})"
            holds += f" AND ({texts[0]} = {value} OR {digits})"
        yield f"({holds} OR {value} NOT SIMILAR TO '.*[0-9].*')"
    if type_ in ("DATE", "TIMESTAMP", "TIMESTAMPTZ"):
        yield f"coalesce({within(tried, type_)}, false)"


def _digits(value: str) -> str:
    """The SQL of a number's digits, from the first to the last that is not 0."""
    before = f"split_part(lower({value}), 'e', 1)"
    return f"trim(replace(replace({before}, '.', ''), '-', ''), '0')"


def reason(type_: str) -> str:
    """The reason shown for a value that does not fit."""
    found = decimal(type_)
    if found is not None:
        whole = found.precision - found.scale
        return f"not a {type_}: at most {whole} digits before the point and {found.scale} after it"
    return f"not a {type_}: {_REASONS.get(type_, 'cannot be read as one')}"


_REASONS = {
    "BOOLEAN": "true or false expected",
    "BIGINT": "a whole number from -9223372036854775808 to 9223372036854775807 expected",
    "DOUBLE": "a number within the range of a double expected",
    "DATE": "YYYY-MM-DD expected",
    "TIME": "HH:MM:SS with at most 6 decimals expected",
    "TIMESTAMP": "YYYY-MM-DD HH:MM:SS without a zone and with at most 6 decimals expected",
    "TIMESTAMPTZ": "YYYY-MM-DD HH:MM:SS with a zone and at most 6 decimals expected",
    "JSON": "well-formed JSON expected",
}
