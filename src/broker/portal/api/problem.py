"""What the API answers when it does not do what was asked: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Response, json
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException

from ...errors import AccountsError, BrokerError, LockedError, PublishError

__all__ = [
    "PROBLEM_JSON",
    "ApiProblem",
    "OAuthError",
    "OAuthRefusal",
    "ProblemDetails",
    "of_broker_error",
    "of_http_exception",
]

PROBLEM_JSON = "application/problem+json"


class ProblemDetails(BaseModel):
    """Why a request was not met. ``detail`` is a sentence for people."""

    type: str = Field(default="about:blank", description="Always about:blank.")
    title: str = Field(description="The meaning of the status.")
    status: int = Field(description="The status of the answer.", ge=400, le=599)
    detail: str = Field(description="What was expected, what was found, and what to do.")


class ApiProblem(Exception):  # noqa: N818 - it is an answer
    """Raised by whatever serves a request; ``headers`` go out with it."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    @property
    def response(self) -> Response:
        """As it goes out."""
        body: dict[str, Any] = ProblemDetails(
            title=HTTPStatus(self.status).phrase, status=self.status, detail=self.detail
        ).model_dump()
        response = Response(json.dumps(body), self.status, mimetype=PROBLEM_JSON)
        response.headers.extend(self.headers)
        return response


class OAuthError(BaseModel):
    """What RFC 6749, section 5.2, and RFC 8628, section 3.5, say of a refusal."""

    error: str
    error_description: str


class OAuthRefusal(ApiProblem):
    """A refusal in that form, with status 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(400, description)
        self.error = error

    @property
    def response(self) -> Response:
        """As it goes out."""
        body = OAuthError(error=self.error, error_description=self.detail).model_dump()
        return Response(json.dumps(body), 400, mimetype="application/json")


def of_broker_error(error: BrokerError, detail: str) -> ApiProblem:
    """What a helper refuses is a conflict with how things are; what does not answer may later.

    ``detail`` is what its reader may know of the error.
    """
    if isinstance(error, AccountsError | PublishError):
        return ApiProblem(409, detail)
    seconds = 5 if isinstance(error, LockedError) else 60
    return ApiProblem(503, detail, {"Retry-After": str(seconds)})


def of_http_exception(error: HTTPException) -> ApiProblem:
    """What Flask refuses by itself, such as a body that is too long."""
    if error.code == 429:
        return ApiProblem(429, "Your network asks too often.", {"Retry-After": "60"})
    return ApiProblem(error.code or 500, error.description or "The request cannot be served.")
