"""What the API answers when it does not do what was asked."""

from __future__ import annotations

from typing import Any

__all__ = ["ApiError", "absent", "denied"]


class ApiError(Exception):
    """An error as the API tells it. ``headers`` go with it."""

    def __init__(
        self, code: int, reason: str, message: str, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code, self.reason, self.message = code, reason, message
        self.headers = headers or {}

    @property
    def detail(self) -> dict[str, str]:
        """As it stands in a job."""
        return {"reason": self.reason, "message": self.message, "domain": "global"}

    @property
    def body(self) -> dict[str, Any]:
        """As it is sent."""
        return {"error": {"code": self.code, "message": self.message, "errors": [self.detail]}}


def absent(kind: str, name: str) -> ApiError:
    """``kind`` is Table, Dataset or Job."""
    return ApiError(404, "notFound", f"Not found: {kind} {name}")


def denied(message: str) -> ApiError:
    """Without a permission."""
    return ApiError(403, "accessDenied", f"Access Denied: {message}")
