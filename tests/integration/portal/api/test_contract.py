"""schemathesis holds every operation to the OpenAPI document: no 5xx, and no breach of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from broker.portal.tokens import Scope
from tests.unit.portal.scene import Scene, scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")


@pytest.fixture(scope="module")
def portal() -> Iterator[Scene]:
    """Dora is an admin with an account; the host starts syncs."""
    with scene() as made:
        made.door.add("dora", email="dora@example.com", classes=["private"])
        made.add("dora", "dora", admin=True)
        made.publishing.answers["run"] = {"started": True}
        # the address that schemathesis asks
        settings = made.app.extensions["portal"]
        made.app.extensions["portal"] = replace(settings, origin="http://localhost")
        yield made


@pytest.fixture(scope="module")
def token(portal: Scene) -> str:
    return portal.token("dora", *Scope)


@pytest.fixture(scope="module")
def whole(portal: Scene) -> Any:
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", portal.app)


schema = schemathesis.pytest.from_fixture("whole")


@schema.parametrize()
@hypothesis_settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_every_operation_keeps_to_the_document(case: Any, token: str) -> None:
    # No code that is made up is one that was given out.
    left_out = [positive_data_acceptance] if case.path == "/device/token" else []
    headers = {"Authorization": f"Bearer {token}"}
    case.call_and_validate(headers=headers, excluded_checks=left_out)
