"""Whatever is sent to the ways of getting an account or a class: no one gets another's, or more."""

from __future__ import annotations

import json
import os
import string
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from broker.accounts.debian.observe import observe
from broker.accounts.records.names import check_name
from broker.portal.database.models import PortalPerson
from tests.unit.accounts.scratch import public_key
from tests.unit.portal.scene import Scene, scene

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
FEW = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
OTHERS = ("anna", "bob", "emil")
KEYS = [public_key(name) for name in ("cleo", "laptop", "anna", "bob")]
WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            *(
                "",
                "\0",
                "\r\n",
                "\u202eanna",
                "private",
                "finance",
                "public",
                "root",
                "anna",
                "bob",
            ),
            *("../anna", "anna,private", "[]", "<script>", "%00", "A" * 3_000, "a" * 25_000),
            *(f"{KEYS[0]}\n{KEYS[1]}", f'command="sh" {KEYS[0]}', f"cert-authority {KEYS[0]}"),
            f"{KEYS[0]} private",
        ]
    ),
)
KEY = st.one_of(st.sampled_from(KEYS), WORDS)
FIELDS = ("account", "name", "email", "classes", "class", "groups", "behalf", "origin", "role")
EXTRA = st.dictionaries(st.sampled_from(FIELDS), WORDS, max_size=3)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS, st.sampled_from(KEYS)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Scene]:
    """Anna has private, Bob public alone, Cleo no account yet; Emil has never signed in."""
    with scene() as made:
        made.door.add("anna", email="anna@example.com", classes=["private"])
        made.door.add("bob", email="bob@example.com")
        made.door.add("emil", email="emil@example.com", classes=["private"])
        for name, account in (("anna", "anna"), ("bob", "bob"), ("cleo", None)):
            made.add(name, account)
        made.add("dora", admin=True)
        yield made


def accounts(portal: Scene) -> dict[str, tuple[set[str], set[str]]]:
    """Every analyst of the host: classes beyond public, and the fingerprints of their keys."""
    found = observe(portal.door.host).registry.by_name()
    return {
        name: (set(one.classes), {key.fingerprint for key in one.keys})
        for name, one in found.items()
    }


def owners(portal: Scene) -> dict[str, str | None]:
    """The account of each person."""
    with portal.database.read() as session:
        return {one.email: one.account for one in session.scalars(select(PortalPerson))}


def check_others(portal: Scene, before: Any, people: dict[str, str | None]) -> None:
    """Others are as they were; Cleo has no account, or one of her own without classes."""
    now, theirs = accounts(portal), owners(portal)
    own = theirs.pop("cleo@example.com")
    assert theirs == {email: name for email, name in people.items() if not email.startswith("cleo")}
    assert {name: now[name] for name in OTHERS} == before
    assert now.keys() - before.keys() <= {own}
    if own is not None:
        assert own not in before
        assert now.get(own, (set(),))[0] == set()


@FEW
@example(key=KEYS[0], more={"account": "anna"}, reason="", access_class="", asks=False)
@example(key="", more={}, reason="x", access_class="private", asks=True)
@given(key=KEY, more=EXTRA, reason=WORDS, access_class=WORDS, asks=st.booleans())
def test_no_form_gives_an_account_or_a_class_of_others(
    fuzzed: Scene, key: str, more: dict[str, str], reason: str, access_class: str, asks: bool
) -> None:
    before = {name: one for name, one in accounts(fuzzed).items() if name in OTHERS}
    people, cleo = owners(fuzzed), fuzzed.browser("cleo")
    if asks:
        form = {**more, "class": access_class, "reason": reason}
        answer = cleo.post("/access/request", data=form)
    else:
        answer = cleo.post("/welcome/key", data={**more, "key": key})
    assert answer.status_code in (303, 400, 409, 422)
    for path in ("/welcome", "/access"):
        assert cleo.get(path).status_code == 200
    check_others(fuzzed, before, people)


@FEW
@example(key=KEYS[0], body=None, is_key=True, more={})
@example(key=KEYS[1], body=None, is_key=False, more={"classes": ["private"]})
@given(key=KEY, body=JSON, is_key=st.booleans(), more=st.dictionaries(WORDS, JSON, max_size=2))
def test_no_request_of_a_program_does(
    fuzzed: Scene, key: str, body: Any, is_key: bool, more: dict[str, Any]
) -> None:
    before = {name: one for name, one in accounts(fuzzed).items() if name in OTHERS}
    people = owners(fuzzed)
    sent = {"key": key, **({} if is_key else more)} if is_key or more else body
    json_ = {"data": json.dumps(sent), "content_type": "application/json"}
    answer = fuzzed.api("POST", "/keys", token_of(fuzzed), **json_)
    assert answer.status_code in (201, 400, 409, 413, 422)
    assert answer.mimetype in ("application/json", "application/problem+json")
    check_others(fuzzed, before, people)


_TOKENS: dict[int, str] = {}


def token_of(portal: Scene) -> str:
    """One of Cleo's; there are only so many."""
    if id(portal) not in _TOKENS:
        _TOKENS[id(portal)] = portal.token("cleo")
    return _TOKENS[id(portal)]


@settings(FEW, max_examples=15)
@example(user="emil", domain="other.org")
@given(
    user=st.one_of(
        st.text(string.ascii_lowercase + string.digits + "._+-'", min_size=1, max_size=64),
        st.sampled_from(["root", "anna", "bob", "data-private", "1st", "-x", "daemon", "a.b"]),
    ),
    domain=st.sampled_from(["example.com", "other.org"]),
)
def test_whatever_an_address_is_its_person_gets_an_account_of_their_own(
    fuzzed: Scene, user: str, domain: str
) -> None:
    before, email = accounts(fuzzed), f"{user}@{domain}"
    if email in {*owners(fuzzed), "emil@example.com"}:
        return
    name = f"fuzz-{len(fuzzed.people)}"
    with fuzzed.database.begin() as session:
        person = PortalPerson(email=email, name="", created_at=datetime.now(UTC))
        session.add(person)
        session.flush()
        fuzzed.people[name] = person.id
    browser = fuzzed.browser(name)
    assert browser.get("/welcome").status_code == 200
    browser.post("/welcome/key", data={"key": public_key(email), "account": "anna"})
    now, own = accounts(fuzzed), owners(fuzzed)[email]
    assert own is not None
    assert own not in before
    check_name(own)
    assert now.pop(own)[0] == set()
    assert now == before
