"""docs/portal.md names every page, scope and path that there is."""

from __future__ import annotations

import re

from broker.portal.tokens import TOKEN_FORMAT, Scope
from tests.documented import ROOT
from tests.unit.portal.scene import Scene

PAGE = (ROOT / "docs/portal.md").read_text(encoding="utf-8")


def test_every_scope_is_described_and_no_other() -> None:
    section = PAGE.split("| scope | allows |")[1].split("\n\n")[0]
    assert re.findall(r"^\| `([a-z:]+)` \|", section, re.MULTILINE) == [*SCOPES]
    assert TOKEN_FORMAT in PAGE


SCOPES = (
    Scope.ME,
    Scope.CATALOG,
    Scope.SETTINGS,
    Scope.KEYS,
    Scope.CERTIFICATE,
    Scope.SYNCS,
    Scope.OPERATIONS,
)


def test_every_page_that_a_person_opens_is_described(portal: Scene) -> None:
    paths = {
        rule.rule
        for rule in portal.app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "static"
    }
    api = {one for one in paths if one.startswith("/api/")} - {"/api/v1/openapi.json"}
    signing_in = {one for one in paths if one.startswith("/sign-")}  # a part of its own
    wanted = paths - api - signing_in - {"/welcome/progress"}
    assert {one for one in wanted if f"`{one}`" not in PAGE and f"`{one}?" not in PAGE} == set()


def test_all_scopes_are_in_the_list_above() -> None:
    assert {*SCOPES} == {*Scope}
