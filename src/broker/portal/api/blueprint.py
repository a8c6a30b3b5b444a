"""The routes of the API, made from its operations: who may, what came in, what goes out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask import Blueprint, Response, current_app, g, json, request
from flask_limiter import Limiter
from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from ...errors import BrokerError
from ..explanations import explain
from .caller import require
from .document import flask_path, openapi_document
from .operation import Operation
from .problem import ApiProblem, OAuthRefusal, of_broker_error, of_http_exception

__all__ = ["api_blueprint"]

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")
_LOG = logging.getLogger(__name__)


def api_blueprint(operations: Iterable[Operation], limiter: Limiter) -> Blueprint:
    """All of them, and the document at ``/openapi.json``. No path needs a CSRF token."""
    known = tuple(operations)
    blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
    by_path: dict[str, dict[str, Operation]] = {}
    for one in known:
        by_path.setdefault(one.path, {})[one.method] = one
    for path, methods in by_path.items():
        name = next(iter(methods.values())).id
        view = _view(methods)
        view.__name__ = name  # by which the limiter knows it
        limits = {one.limit for one in methods.values() if one.limit is not None}
        for limit in sorted(limits):
            view = limiter.limit(limit)(view)
        blueprint.add_url_rule(flask_path(path), name, view, methods=_METHODS)
    blueprint.add_url_rule("/openapi.json", "document", _document(known), methods=["GET"])
    blueprint.add_url_rule("/", "nothing", _nothing, methods=_METHODS)
    blueprint.add_url_rule("/<path:rest>", "nothing", _nothing, methods=_METHODS)
    blueprint.register_error_handler(ApiProblem, lambda error: error.response)
    blueprint.register_error_handler(BrokerError, _not_done)
    blueprint.register_error_handler(HTTPException, _refused)
    blueprint.register_error_handler(Exception, _failed)
    # No browser sends a token by itself, so there is nothing to forge.
    blueprint.record_once(lambda state: state.app.extensions["csrf"].exempt(blueprint))
    return blueprint


def _view(methods: Mapping[str, Operation]) -> Callable[..., Response]:
    allowed = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))

    def view(**parts: str) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        one = methods.get(method)
        if one is None:
            raise ApiProblem(405, f"This path takes {allowed}.", {"Allow": allowed})
        return _served(one, parts)

    return view


def _served(one: Operation, parts: Mapping[str, str]) -> Response:
    if one.scope is not None:
        require(one.scope, admin=one.for_admins)
    given: dict[str, Any] = dict(parts)
    if one.query is not None:
        given["query"] = _checked(one.query, _once(request.args, request.args))
    if one.body is not None:
        given["body"] = _form(one.body) if one.form else _checked(one.body, _json())
    answer = one.serve(**given)
    if answer is None:
        return Response(status=204)
    body = answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer
    return Response(json.dumps(body), one.status, mimetype="application/json")


def _json() -> Any:
    if request.mimetype != "application/json":
        raise ApiProblem(415, "Send the body as application/json.")
    try:
        return json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise ApiProblem(400, "The body is not JSON.") from None


def _form(model: type[BaseModel]) -> BaseModel:
    """RFC 6749 says how a form is refused; a parameter that is not known is ignored."""
    try:
        return _checked(model, _once(request.form, model.model_fields))
    except ApiProblem as problem:
        raise OAuthRefusal("invalid_request", problem.detail) from problem


def _once(values: MultiDict[str, str], names: Iterable[str]) -> dict[str, str]:
    """The values of these names."""
    found = {name: values.getlist(name) for name in names if name in values}
    if any(len(one) > 1 for one in found.values()):
        raise ApiProblem(422, "A parameter is given twice.")
    return {name: one[0] for name, one in found.items()}


def _checked(model: type[BaseModel], values: Any) -> BaseModel:
    """No message repeats a value: it could be a secret that was sent by mistake."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False, include_input=False)
        words = "; ".join(f"{_place(one['loc'])}: {one['msg']}" for one in wrong[:5])
        raise ApiProblem(422, words) from None


def _place(location: tuple[int | str, ...]) -> str:
    """A name that is not known may be anything, so it is not repeated when it is long."""
    return ".".join(str(part)[:40] for part in location) or "body"


def _document(known: Iterable[Operation]) -> Callable[[], Response]:
    def document() -> Response:
        settings = current_app.extensions["portal"]
        found = openapi_document(known, settings.instance.instance.name, settings.origin)
        response = Response(json.dumps(found), mimetype="application/json")
        response.headers["Cache-Control"] = "no-cache"
        return response

    return document


def _nothing(rest: str = "") -> Response:
    del rest
    raise ApiProblem(404, "There is no such path. See /api/v1/openapi.json.")


def _not_done(error: BrokerError) -> Response:
    viewer = g.bearer.viewer if "bearer" in g else None
    detail = explain(error, viewer, current_app.extensions["portal"].instance)
    return of_broker_error(error, detail).response


def _refused(error: HTTPException) -> Response:
    return of_http_exception(error).response


def _failed(error: Exception) -> Response:
    _LOG.error("a request of the API failed", exc_info=error)
    return ApiProblem(500, "The portal failed to serve this; its log says why.").response
