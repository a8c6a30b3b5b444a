"""Errors in the API's own shape."""

from __future__ import annotations

import secrets
from typing import Any

__all__ = ["ApiError", "JobError", "exception_id"]


def exception_id() -> str:
    """What support asks for."""
    return f"com-keboola-connection-{secrets.token_hex(16)}"


class ApiError(Exception):
    """An HTTP error; ``code`` is None where the API gives none."""

    def __init__(self, status: int, message: str, code: str | None = None, **more: Any) -> None:
        """``more`` is put beside ``error`` and ``code``."""
        super().__init__(message)
        self.status = status
        self.code = code
        self.more = more

    def body(self) -> dict[str, Any]:
        """The JSON of the answer."""
        coded = {} if self.code is None else {"code": self.code}
        body = {"error": str(self), **coded, "exceptionId": exception_id(), "status": "error"}
        return {**body, **self.more}


class JobError(Exception):
    """A job that ends with ``error``; ``results`` may hold details."""

    def __init__(self, message: str, code: str, results: dict[str, Any] | None = None) -> None:
        """As the job will show it."""
        super().__init__(message)
        self.code = code
        self.results = results

    def body(self) -> dict[str, Any]:
        """The job's ``error``."""
        return {"code": self.code, "message": str(self), "exceptionId": exception_id()}
