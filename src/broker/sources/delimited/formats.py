"""Values as a column's declared format writes them, rewritten as the engine reads them. Pure.

Text becomes text: whether 2026-02-30 is a day, the one grammar of the engine says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from ...config.columnformat import ColumnFormat

__all__ = ["rewritten", "rewritten_rows", "without"]

_PARTS = {
    "Y": "[0-9]{4}",
    "m": "[0-9]{1,2}",
    "d": "[0-9]{1,2}",
    "H": "[0-9]{1,2}",
    "I": "[0-9]{1,2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
    "f": "[0-9]+",
    "p": "(?i:[ap]m)",
    "z": "Z|[+-][0-9]{2}:?[0-9]{2}",
}
# Years of two digits, as POSIX has them: from 1969 to 2068.
_CENTURIES = {"20": "[0-5][0-9]|6[0-8]", "19": "69|[7-9][0-9]"}
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August"),
    *("September", "October", "November", "December"),
)
_WORDS = [rf"{name}|{name[:3]}\.?" for name in _MONTHS]
_SHORT_MONTHS = pa.array([name[:3].lower() for name in _MONTHS])
_WORD_OF_A_MONTH = r"^(?P<year>[0-9]{4})-(?P<month>[A-Za-z]{3})[A-Za-z.]*-(?P<rest>.*)$"
_NOON = 12
_HOUR_OF_A_HALF = (
    r"^(?P<date>.{10}) (?P<hour>0[1-9]|1[0-2])(?P<time>:.*?) (?P<half>(?i:[ap]m))(?P<rest>.*)$"
)
_BLANKS = "[ \u00a0\u202f]"  # what French and others put between thousands looks alike
_GAP = "[\\s\u00a0\u202f]*"  # and between a number and its currency


def rewritten_rows(
    table: pa.Table, formats: Iterable[tuple[str, ColumnFormat]]
) -> tuple[pa.Table, dict[str, pa.BooleanArray]]:
    """The rows with the columns that have formats rewritten, and which of their values misfit.

    Columns without a misfit are not among the latter.
    """
    misfits = {}
    for column, format_ in formats:
        if column in table.column_names:
            values, is_misfit = rewritten(table[column], format_)
            table = table.set_column(table.column_names.index(column), column, values)
            if pc.any(is_misfit).as_py():
                misfits[column] = is_misfit.combine_chunks()
    return table, misfits


def without(table: pa.Table, misfits: Mapping[str, pa.BooleanArray]) -> pa.Table:
    """The rows with NULL for values that misfit: what they say is not known."""
    for column, is_misfit in misfits.items():
        values = pc.if_else(is_misfit, pa.scalar(None, pa.string()), table[column])
        table = table.set_column(table.column_names.index(column), column, values)
    return table


def rewritten(
    values: pa.ChunkedArray, format_: ColumnFormat
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """A column of texts as the engine reads them, and which of them the format does not have.

    NULL stays NULL, an empty text is what it is without a format, and what the format does not
    have is as it is written.
    """
    written = values
    if format_.trim:
        values = pc.utf8_trim_whitespace(values)
    if format_.null_values:
        nulls = pc.is_in(values, value_set=pa.array(format_.null_values, pa.string()))
        values = pc.if_else(nulls, pa.scalar(None, pa.string()), values)
    if format_.date is not None:
        found, fits = _dates(values, format_.date)
    elif format_.is_number:
        found, fits = _numbers(values, format_)
    elif format_.true_words:
        found, fits = _truths(values, format_)
    else:
        found, fits = values, pc.equal(values, values)
    if format_.cut_to_microseconds:
        found = _replaced(found, r"(:[0-9]{2}\.[0-9]{6})[0-9]+", r"\1")
    fits = pc.or_(pc.fill_null(fits, fill_value=True), pc.equal(values, ""))
    fits = pc.fill_null(fits, fill_value=True)
    return pc.if_else(fits, found, written), pc.invert(fits)


def _replaced(values: pa.ChunkedArray, pattern: str, by: str) -> pa.ChunkedArray:
    return pc.replace_substring_regex(values, pattern=pattern, replacement=by)


def _dates(values: pa.ChunkedArray, format_: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    found = values
    fits = pc.if_else(pc.is_valid(values), pa.scalar(value=False), pa.scalar(None, pa.bool_()))
    for pattern, by in _rewritings(format_):
        is_so = pc.match_substring_regex(values, pattern=pattern)
        if pc.any(is_so).as_py():
            found = pc.if_else(is_so, _replaced(values, pattern, by), found)
            fits = pc.or_(fits, is_so)
    if not pc.any(fits).as_py():
        return found, fits
    if "%b" in format_:
        found = pc.if_else(fits, _with_numbered_months(found), found)
    for _ in range(2):  # a match takes the mark before the next one
        found = pc.if_else(fits, _replaced(found, r"([- :])([0-9])([- :.]|$)", r"\10\2\3"), found)
    return (_by_24_hours(found) if "%p" in format_ else found), fits


def _with_numbered_months(values: pa.ChunkedArray) -> pa.ChunkedArray:
    year, month, rest = _parts(values, _WORD_OF_A_MONTH)
    number = pc.add(pc.index_in(pc.utf8_lower(month), value_set=_SHORT_MONTHS), 1)
    return pc.coalesce(pc.binary_join_element_wise(year, _two_digits(number), rest, "-"), values)


def _by_24_hours(values: pa.ChunkedArray) -> pa.ChunkedArray:
    date, hour, time, half, rest = _parts(values, _HOUR_OF_A_HALF)
    hour = pc.cast(hour, pa.int8())
    hour = pc.if_else(pc.equal(hour, _NOON), 0, hour)
    hour = pc.if_else(pc.equal(pc.utf8_lower(half), "pm"), pc.add(hour, _NOON), hour)
    time = pc.binary_join_element_wise(_two_digits(hour), time, rest, "")
    return pc.coalesce(pc.binary_join_element_wise(date, time, " "), values)


def _parts(values: pa.ChunkedArray, pattern: str) -> list[pa.ChunkedArray]:
    """What each group of ``pattern`` has of each text, NULL where it does not match."""
    found = pc.extract_regex(values, pattern=pattern)
    return [pc.struct_field(found, at) for at in range(found.type.num_fields)]


def _two_digits(numbers: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.utf8_lpad(pc.cast(numbers, pa.string()), 2, "0")


@cache
def _rewritings(format_: str) -> list[tuple[str, str]]:
    """Patterns of whole texts, and what each is rewritten as: ISO 8601 with a blank."""
    centuries = _CENTURIES if "%y" in format_ else {"": ""}
    found = []
    for century, years in centuries.items():
        pattern, groups = _pattern(format_, years)
        year = century + (groups.get("Y") or groups.get("y") or "")
        date = f"{year}-{groups.get('m') or groups.get('b')}-{groups['d']}"
        found.append((pattern, date + _time(groups)))
    return found


def _time(groups: dict[str, str]) -> str:
    hour = groups.get("H") or groups.get("I")
    if hour is None:
        return ""
    time = f" {hour}:{groups.get('M', '00')}:{groups.get('S', '00')}"
    time += f".{groups['f']}" if "f" in groups else ""
    time += groups.get("z", "")
    return time + (f" {groups['p']}" if "p" in groups else "")


def _pattern(format_: str, years: str) -> tuple[str, dict[str, str]]:
    """The pattern of a text, and the number of each part's group in it."""
    pieces = re.findall(r"%.|[^%]", format_)
    pattern = ""
    groups: dict[str, str] = {}
    for at, piece in enumerate(pieces):
        if len(piece) == 1 or piece == "%%":
            pattern += re.escape(piece[-1])
            continue
        part = piece[1]
        beside = [*pieces[max(0, at - 1) : at], *pieces[at + 1 : at + 2]]
        is_packed = any(len(one) == 2 and one != "%%" for one in beside)
        text = {"y": years, "b": rf"(?i:{'|'.join(_WORDS)})"}.get(part) or _PARTS[part]
        groups[part] = rf"\{len(groups) + 1}"
        pattern += f"({text.replace('{1,2}', '{2}') if is_packed else text})"
    return f"^(?:{pattern})$", groups


def _numbers(
    values: pa.ChunkedArray, format_: ColumnFormat
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    found = values
    for affix in map(re.escape, sorted(format_.affixes, key=len, reverse=True)):
        found = _replaced(found, rf"^([-+(]?){_GAP}{affix}{_GAP}", r"\1")
        found = _replaced(found, rf"{_GAP}{affix}{_GAP}([-)]?)$", r"\1")
    if format_.negative == "parentheses":
        found = _replaced(found, r"^\(([^-+].*)\)$", r"-\1")
    if format_.negative == "trailing":
        found = _replaced(found, r"^([^-+].*)-$", r"-\1")
    mark = _BLANKS if format_.thousands == " " else re.escape(format_.thousands or "")
    whole = "[0-9]+"
    if mark:
        # No number of groups begins with 0: 0.123 is a fraction, and so in another format.
        whole = rf"(?:[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+|[0-9]+)"
    decimal = re.escape(format_.decimal_mark)
    pattern = rf"^[-+]?{whole}(?:{decimal}[0-9]+)?(?:[eE][-+]?[0-9]+)?$"
    fits = pc.match_substring_regex(found, pattern=pattern)
    if mark:
        found = _replaced(found, mark, "")
    found = pc.replace_substring(found, pattern=format_.decimal_mark, replacement=".")
    return _replaced(found, r"^\+", ""), fits


def _truths(
    values: pa.ChunkedArray, format_: ColumnFormat
) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    is_true = pc.is_in(values, value_set=pa.array(format_.true_words, pa.string()))
    is_false = pc.is_in(values, value_set=pa.array(format_.false_words, pa.string()))
    found = pc.if_else(is_true, "true", pc.if_else(is_false, "false", values))
    fits = pc.if_else(pc.is_valid(values), pc.or_(is_true, is_false), pa.scalar(None, pa.bool_()))
    return found, fits
