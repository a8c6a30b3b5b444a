"""Places of the host stand in errors for admins, and in those of others a reference to the log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from broker.config import Instance
from broker.errors import AccountsError, BrokerError, CatalogError
from broker.portal.explanations import explain
from broker.portal.tokens import Scope
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import INSTANCE, Scene, scene

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
SUPPORT = "help@example.com"
PAGES = (
    "/",
    "/welcome",
    "/welcome/progress",
    "/catalog",
    "/catalog/table/hr/table_1",
    "/search?q=x",
)
PAGES += ("/catalog/metrics", "/datasets", "/keys?seen=x", "/access", "/activity", "/device")
ACTS = ("/welcome/key", "/keys/add", "/keys/revoke", "/datasets")
READS = ("/me", "/keys", "/settings/datasets", "/catalog", "/freshness", "/generations")
READS += ("/catalog/tables/hr/table_1", "/catalog/tables/hr/table_1/profile")


@pytest.fixture
def helped() -> Iterator[Scene]:
    """With a contact; nothing of the host works."""
    identity = {"name": "Example data", "support": SUPPORT}
    with scene({**INSTANCE, "instance": identity}) as made:
        made.door.add("anna", email="anna@example.com", classes=["private"])
        made.add("anna", "anna")
        made.add("cleo")
        made.add("dora", admin=True)
        yield made


def break_all(made: Scene, part: str) -> None:
    store = made.app.extensions["portal"].store
    if part == "helpers":
        made.door.close()
        made.publishing.is_down = True
    elif part == "catalog":
        for path in (store / "catalog").rglob("*.json"):
            path.write_text("{")
    elif part == "current":
        (store / "current").unlink()
        (store / "current").write_text("no link")
    else:
        made.database.engine.dispose()
        for path in made.database.path.parent.iterdir():
            path.write_bytes(b"not a database, but a text" * 1000)


def answers_of(made: Scene, who: str, token: str) -> dict[str, str]:
    browser = made.browser(who)
    found = {path: browser.get(path).text for path in PAGES}
    for path in ACTS:
        form = {"key": public_key("new"), "fingerprint": "SHA256:x", "wanted": "x"}
        answer = browser.post(path, data=form, follow_redirects=True)
        found[f"POST {path}"] = answer.text
    found |= {f"API {path}": made.api("GET", path, token).text for path in READS}
    key = {"key": public_key("new")}
    found["API POST /keys"] = made.api("POST", "/keys", token, json=key).text
    found["API POST /certificate"] = made.api("POST", "/certificate", token, json={}).text
    return {name: unescape(text) for name, text in found.items()}


def references(answers: dict[str, str]) -> set[str]:
    return {one for text in answers.values() for one in re.findall(r"under ([0-9a-f]{8})\b", text)}


@as_root
@pytest.mark.parametrize("part", ["helpers", "catalog", "current", "database"])
def test_no_page_and_no_answer_shows_a_place_of_the_host_to_who_is_not_an_admin(
    helped: Scene, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    tokens = {name: helped.token(name, *Scope) for name in ("anna", "cleo")}
    break_all(helped, part)
    folder = str(Path(helped.database.path).parent.parent)
    known: set[str] = set()
    for who, token in tokens.items():
        answers = answers_of(helped, who, token)
        assert [name for name, text in answers.items() if folder in text] == []
        known |= references(answers)
        assert any(
            f"Ask {SUPPORT}: the log has the reason under" in one for one in answers.values()
        )
    assert known
    assert [one for one in known if one not in caplog.text] == []
    assert folder in caplog.text


@as_root
@pytest.mark.parametrize("part", ["helpers", "catalog"])
def test_an_admin_sees_the_place(helped: Scene, part: str) -> None:
    token = helped.token("dora", *Scope)
    break_all(helped, part)
    folder = str(Path(helped.database.path).parent.parent)
    assert any(folder in text for text in answers_of(helped, "dora", token).values())


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            AccountsError("no", remedy="Begin on the page Welcome."),
            "no. Begin on the page Welcome.",
        ),
        (AccountsError("no", expected="24/7 or hr/orders, https://x.org/a"), None),
        (
            BrokerError("the helper does not answer", where="/run/x.sock"),
            "the helper does not answer",
        ),
        (CatalogError("is damaged", where="file.json", found="a link (/data/src)"), "is damaged"),
        (AccountsError("/home/anna is in the way"), "the host does not do this now"),
        (BrokerError("no", remedy="Look at '/var/log/x'."), "no"),
    ],
)
def test_only_what_names_a_path_of_the_host_is_cut(error: BrokerError, text: str | None) -> None:
    found = explain(error, None, Instance())
    if text is None or "Welcome" in text:
        assert found == str(error)
    else:
        assert found.startswith(f"{text}. Ask the administrators of the portal: the log has")
