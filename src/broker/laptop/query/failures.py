"""How a query ends that DuckDB gave up: which limit it met, or what is wrong with it."""

from __future__ import annotations

import duckdb

from ...errors import LaptopError
from ..ages import length
from ..starting import SYNC
from .connection import SPILL
from .limits import QueryLimits
from .messages import first_part

__all__ = ["QueryLimitError", "failure"]


class QueryLimitError(LaptopError):
    """A query ended by what this laptop gives it, not by what stands in the data."""


def failure(error: Exception, limits: QueryLimits) -> LaptopError:
    """The error for a person."""
    if isinstance(error, duckdb.InterruptException):
        return QueryLimitError(
            "the query was stopped",
            expected=f"an answer within {length(limits.seconds)}",
            remedy="Add conditions, aggregate less, or give --seconds.",
        )
    if isinstance(error, (duckdb.OutOfMemoryException, MemoryError)) or _is_allocation(error):
        return QueryLimitError(
            "the query needs too much memory",
            expected=f"{limits.memory_bytes:,} bytes of memory and "
            f"{limits.temporary_bytes:,} bytes of temporary files at most",
            remedy="Add conditions, aggregate earlier, or give --memory.",
        )
    if isinstance(error, duckdb.IOException) and SPILL in str(error):
        return QueryLimitError(
            "the temporary files of the query cannot be written",
            found=first_part(error),
            remedy="Make room on the disk, or give --memory.",
        )
    if isinstance(error, duckdb.IOException):
        return QueryLimitError(
            "a file of the generation cannot be read",
            found=first_part(error),
            remedy=f"Run: {SYNC}",
        )
    if isinstance(error, duckdb.PermissionException):
        return LaptopError("the query reaches for what is not data", found=first_part(error))
    return LaptopError("the query failed", found=first_part(error))


def _is_allocation(error: Exception) -> bool:
    """Whether the system, not DuckDB, refused the memory: it is a plain error of C++ then."""
    text = str(error)
    return any(part in text for part in ("bad_alloc", "bad allocation", "allocation failed"))
