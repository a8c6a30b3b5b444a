"""What an export is asked for: a request and a window as parameters of ``export-async``. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...config.problems import did_you_mean
from ...errors import SourceError
from ..contract import TableRequest, Window
from .detail import Detail

__all__ = ["Question", "ask"]

_SIMPLE = {"eq": "eq", "in": "eq", "ne": "ne", "notIn": "ne", "gt": "gt", "ge": "ge", "lt": "lt",
           "le": "le"}  # fmt: skip
_WIDER = {"gt": "ge", "ge": "ge", "lt": "le", "le": "le"}
_NUMBERS = {"BIGINT": "INTEGER", "DOUBLE": "DOUBLE"}


@dataclass(frozen=True)
class Question:
    """``names`` are the columns in the order of the export, ``parameters`` its JSON.

    ``rest`` and ``window`` are the conditions that Keboola cannot be asked: they are left to us.
    """

    names: tuple[str, ...]
    parameters: Mapping[str, Any]
    rest: tuple[Mapping[str, Any], ...]
    window: Window

    @property
    def is_whole(self) -> bool:
        """Whether it asks for every row of the table."""
        return not {"changedSince", "changedUntil", "whereFilters"} & {*self.parameters}


def ask(
    detail: Detail, table: TableRequest, columns: tuple[str, ...], window: Window, file_type: str
) -> Question:
    """The question for ``columns`` of a window; raises ``SourceError`` for an unknown column."""
    there, rest = _divided(detail, table.where_filters)
    names = _names(detail, table, columns, rest, window)
    parameters: dict[str, Any] = {"columns": ",".join(names), "fileType": file_type, "gzip": True}
    if file_type == "csv":
        parameters |= {"format": "rfc", "timezone": "UTC"}
    if there:
        parameters["whereFilters"] = [_filter(detail, one) for one in there]
    return Question(names, parameters | _changed(detail, window), rest, window)


def _names(
    detail: Detail,
    table: TableRequest,
    columns: tuple[str, ...],
    rest: tuple[Mapping[str, Any], ...],
    window: Window,
) -> tuple[str, ...]:
    wanted = list(columns or detail.names)
    wanted += [str(one["column"]) for one in (*table.where_filters, *rest)]
    wanted += [window.column] if window.column else []
    for name in wanted:
        if name not in detail.names:
            raise SourceError(
                f"there is no column '{name}'",
                where=f"table {table.id}",
                found=", ".join(detail.names),
                remedy=did_you_mean(name, detail.names),
            )
    if table.row_filter is not None:  # it may name any column
        return detail.names
    needed = [*columns, *(str(one["column"]) for one in rest)]
    needed += [window.column] if window.column else []
    return tuple(dict.fromkeys(needed)) if columns else detail.names


def _divided(
    detail: Detail, filters: tuple[Mapping[str, Any], ...]
) -> tuple[tuple[Mapping[str, Any], ...], tuple[Mapping[str, Any], ...]]:
    """What Keboola can be asked, and what is left to us.

    In SQL, ``ne`` loses rows that have NULL there. Decimals of an untyped table are compared there
    as doubles, to which neighbours are equal: so those are fetched as well.
    """
    there, rest = [], []
    for one in filters:
        column, operator = str(one["column"]), one.get("operator")
        if operator in ("ne", "notIn") and detail.may_be_null(column):
            rest.append(one)
        elif operator in _WIDER and detail.type(column).startswith("DECIMAL"):
            is_typed = column in detail.definitions
            there.append(one if is_typed else {**one, "operator": _WIDER[operator]})
            rest += [] if is_typed else [one]
        else:
            there.append(one)
    return tuple(there), tuple(rest)


def _filter(detail: Detail, declared: Mapping[str, Any]) -> dict[str, Any]:
    column, operator = str(declared["column"]), str(declared.get("operator", "eq"))
    parameters = {
        "column": column,
        "operator": _SIMPLE[operator],
        "values": [str(value) for value in declared["values"]],
    }
    type_ = detail.type(column)
    is_order = operator in ("gt", "ge", "lt", "le")
    if is_order and column not in detail.definitions and (number := _number(type_)):
        parameters["dataType"] = number  # else texts are compared, and 10 is less than 9
    return parameters


def _number(type_: str) -> str | None:
    return "DOUBLE" if type_.startswith("DECIMAL") else _NUMBERS.get(type_)


def _changed(detail: Detail, window: Window) -> dict[str, str]:
    """Whole Unix seconds, as Keboola stamps rows.

    One second more at the beginning: whether that bound belongs to the window depends on the
    backend, and a row that comes twice is merged by its key.
    """
    if window.column is not None or not detail.tracks_changes:
        return {}
    parameters = {}
    if window.since is not None:
        parameters["changedSince"] = str(math.floor(window.since.timestamp()) - 1)
    if window.until is not None:
        parameters["changedUntil"] = str(math.floor(window.until.timestamp()))
    return parameters
