"""What a file of ``metrics/`` says: a number with one definition, and the SQL that gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from .document import Document
from .values import MetricName, Names, Section, Text, unexpected

__all__ = ["MetricDescription", "PlacedMetric"]


class MetricDescription(Section):
    """One metric, as everyone is to compute it."""

    name: MetricName = Field(description="Name to ask for it by, such as monthly_revenue.")
    title: Annotated[Text, StringConstraints(max_length=200)] = Field(
        description="What a chart of it would be called."
    )
    description: Annotated[str, StringConstraints(max_length=10_000)] = Field(
        default="", description="What counts and what does not."
    )
    unit: Annotated[str, StringConstraints(max_length=100)] = Field(
        default="", description="Unit of its values, such as EUR."
    )
    grain: Literal["day", "week", "month", "quarter", "year"] | None = Field(
        default=None, description="Time that one row of it stands for; needs time_column."
    )
    time_column: Annotated[Text, StringConstraints(max_length=200)] | None = Field(
        default=None,
        description="Column of its result that says when the time of a row begins; needs grain.",
    )
    sql: Annotated[Text, StringConstraints(max_length=100_000)] = Field(
        description="One SELECT in DuckDB's SQL, with the names of the views that analysts have."
    )
    owner: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="Who decides what it is."
    )
    synonyms: Names = Field(
        default=(), max_length=100, description="Other names that people have for it."
    )

    @model_validator(mode="after")
    def _time(self) -> MetricDescription:
        if (self.grain is None) != (self.time_column is None):
            unexpected("grain and time_column, or neither of them")
        return self


@dataclass(frozen=True)
class PlacedMetric:
    """A metric, and where it is described."""

    metric: MetricDescription
    document: Document

    def where(self, *keys: str) -> str:
        """``file:line`` of one of its keys."""
        return self.document.where(keys)

    def where_in_sql(self, line: int) -> str:
        """``file:line`` of a line of its SQL, counted from 1."""
        return self.document.where_in(("sql",), line)
