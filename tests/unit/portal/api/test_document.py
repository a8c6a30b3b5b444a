"""The OpenAPI document: what it says and the routes are the same."""

from __future__ import annotations

import re

from broker.portal.api import OPERATIONS
from broker.portal.tokens import TOKEN_FORMAT
from tests.unit.portal.scene import ORIGIN, Scene


def test_the_document_has_every_route_and_no_other(portal: Scene) -> None:
    document = portal.app.test_client().get("/api/v1/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": f"{ORIGIN}/api/v1"}]
    listed = {(path, method) for path, one in document["paths"].items() for method in one}
    assert listed == {(one.path, one.method.lower()) for one in OPERATIONS}
    rules = {
        re.sub(r"<(\w+)>", r"{\1}", rule.rule).removeprefix("/api/v1")
        for rule in portal.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.") and rule.endpoint not in ("api.nothing", "api.document")
    }
    assert rules == {*document["paths"]}


def test_every_operation_but_the_device_sign_in_asks_for_a_scope(portal: Scene) -> None:
    document = portal.app.test_client().get("/api/v1/openapi.json").json
    free = {
        path
        for path, methods in document["paths"].items()
        for one in methods.values()
        if one["security"] == []
    }
    assert free == {"/device/code", "/device/token"}


def test_a_scanner_of_secrets_knows_a_token(portal: Scene) -> None:
    token = portal.token("anna")
    assert re.findall(TOKEN_FORMAT, f"x = '{token}'") == [token]
