"""The OpenAPI 3.1 document of the operations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ... import __version__
from ..tokens import TOKEN_FORMAT, Scope
from .operation import Operation
from .problem import PROBLEM_JSON, OAuthError, ProblemDetails

__all__ = ["flask_path", "openapi_document"]

_REF = "#/components/schemas/{model}"
_PROBLEMS = {
    400: "The request is not well formed.",
    401: "There is no valid token.",
    403: "The token is not for this, or only admins may do it.",
    404: "There is no such thing, or you may not know of it.",
    405: "This path does not take this method.",
    409: "The host refuses this; the detail says why.",
    413: "The body is too long.",
    415: "The body has another media type.",
    422: "The body or the query is not as described.",
    503: "A part of the broker does not answer now.",
}
_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"


def openapi_document(operations: Iterable[Operation], name: str, origin: str) -> dict[str, Any]:
    """All of it; ``name`` is that of the instance, ``origin`` its address."""
    known = list(operations)
    models: set[type[BaseModel]] = {ProblemDetails}
    for one in known:
        models |= {model for model in (one.answer, one.body) if model is not None}
        models |= {OAuthError} if one.form else set()
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, _mode(model, known)) for model in ordered], ref_template=_REF
    )
    paths: dict[str, Any] = {}
    for one in known:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"API of {name}",
            "version": __version__,
            "description": "What programs of a person may ask of the data broker. Make a token in "
            "the portal, under Keys and tokens, or by the device sign-in (RFC 8628).",
        },
        "servers": [{"url": f"{origin}/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": TOKEN_FORMAT,
                    "description": "A personal token. Scopes: "
                    + "; ".join(f"{scope}: {scope.words}" for scope in Scope),
                }
            },
        },
    }


def _mode(model: type[BaseModel], operations: Iterable[Operation]) -> JsonSchemaMode:
    is_answer = any(one.answer is model for one in operations)
    return "serialization" if is_answer or model in (ProblemDetails, OAuthError) else "validation"


def _operation(one: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "operationId": one.id,
        "summary": one.summary,
        "tags": [one.tag],
        "security": [] if one.scope is None else [{"token": [str(one.scope)]}],
        "responses": _responses(one),
    }
    parameters = [_part(part.name, part) for part in one.parts] + _query(one)
    if parameters:
        found["parameters"] = parameters
    if one.body is not None:
        schema = {"$ref": _REF.format(model=one.body.__name__)}
        kind = _FORM if one.form else _JSON
        found["requestBody"] = {"required": True, "content": {kind: {"schema": schema}}}
    return found


def _part(name: str, part: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": part.description,
        "schema": {"type": "string", "pattern": f"^{part.pattern}$", "examples": [part.example]},
    }


def _query(one: Operation) -> list[dict[str, Any]]:
    if one.query is None:
        return []
    schema = one.query.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": facts.get("description", ""),
            "schema": {key: value for key, value in facts.items() if key != "description"},
        }
        for name, facts in schema["properties"].items()
    ]


def _responses(one: Operation) -> dict[str, Any]:
    meanings = {one.status: "Done." if one.answer is None else "What was asked for."}
    found: dict[str, Any] = {str(one.status): {"description": meanings[one.status]}}
    if one.answer is not None:
        schema = {"$ref": _REF.format(model=one.answer.__name__)}
        found[str(one.status)]["content"] = {_JSON: {"schema": schema}}
    for status in sorted(_problems(one)):
        words = one.errors.get(status) or _PROBLEMS[status]
        schema = {"$ref": _REF.format(model=ProblemDetails.__name__)}
        kind = PROBLEM_JSON
        if one.form and status == 400:  # as RFC 6749 and RFC 8628 say it
            schema, kind = {"$ref": _REF.format(model=OAuthError.__name__)}, _JSON
        found[str(status)] = {"description": words, "content": {kind: {"schema": schema}}}
        if status == 401:
            found["401"]["headers"] = {
                "WWW-Authenticate": {"schema": {"type": "string"}, "required": True}
            }
    return found


def _problems(one: Operation) -> set[int]:
    found = {*one.errors}
    if one.scope is not None:
        found |= {401, 403}
    if one.body is not None:
        found |= {400, 413} if one.form else {400, 413, 415, 422}
    if one.query is not None:
        found |= {422}
    return found


def flask_path(path: str) -> str:
    """The path of an operation as Flask writes it: ``{name}`` as ``<name>``."""
    return re.sub(r"\{(\w+)\}", r"<\1>", path)
