"""The sign-in by a code: each answer of a portal, those of one that attacks among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from broker.errors import LaptopError
from broker.laptop.login.device import client_name, sign_in
from broker.laptop.login.memory import PortalToken, keep_token, kept_token
from broker.laptop.login.portal import Portal, PortalAnswer, UnreachableError, check_origin
from broker.laptop.workspace import Workspace

ORIGIN = "https://data.example.com"
BEGUN = {
    "device_code": "secret",
    "user_code": "ABCD-EFGH",
    "verification_uri": f"{ORIGIN}/device",
    "expires_in": 60,
    "interval": 5,
}
TOKEN = {"access_token": "broker_pat_x", "token_type": "Bearer", "expires_in": 3_600}


class Script(Portal):
    """A portal that answers so, one answer after the other."""

    def __init__(self, *answers: tuple[int, Mapping[str, Any]]) -> None:
        super().__init__(ORIGIN)
        self._left: Iterator[tuple[int, Mapping[str, Any]]] = iter(answers)
        self.sent: list[tuple[str, dict[str, list[str]]]] = []

    def ask_as_form(self, path: str, body: bytes) -> PortalAnswer:
        self.sent.append((path, parse_qs(body.decode())))
        return PortalAnswer(*next(self._left))


class Away(Script):
    """The same, not there for the second request."""

    def ask_as_form(self, path: str, body: bytes) -> PortalAnswer:
        if len(self.sent) == 1:
            self.sent.append((path, {}))
            raise UnreachableError("the portal cannot be reached")
        return super().ask_as_form(path, body)


def refusal(error: str) -> tuple[int, dict[str, str]]:
    return 400, {"error": error, "error_description": "as the portal says"}


def test_it_waits_longer_where_it_is_told_to_and_shows_no_secret() -> None:
    waited: list[float] = []
    shown: list[tuple[str, str, int]] = []
    portal = Script(
        (200, BEGUN), refusal("authorization_pending"), refusal("slow_down"), (200, TOKEN)
    )
    token = sign_in(portal, "Anna's Mac", lambda *words: shown.append(words), waited.append)
    assert (token.text, token.origin) == ("broker_pat_x", ORIGIN)
    assert waited == [5, 5, 10]
    assert shown == [(f"{ORIGIN}/device", "ABCD-EFGH", 1)]
    assert portal.sent[0] == (
        "/device/code",
        {"client_id": ["laptop Anna-s-Mac"], "scope": ["me:read certificate:issue"]},
    )
    assert portal.sent[1][1]["device_code"] == ["secret"]


def test_a_portal_that_is_busy_or_away_for_a_while_is_asked_again_later() -> None:
    waited: list[float] = []
    portal = Script((200, BEGUN), (429, {}), (502, {}), (200, TOKEN))
    assert sign_in(portal, "x", lambda *_: None, waited.append).text == "broker_pat_x"
    assert waited == [5, 10, 15]
    away = Away((200, BEGUN), (200, TOKEN))
    assert sign_in(away, "x", lambda *_: None, waited.append).text == "broker_pat_x"
    away = Away((200, {**BEGUN, "expires_in": 4}))
    with pytest.raises(UnreachableError):
        sign_in(away, "x", lambda *_: None, waited.append)


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ([(503, {"detail": "Too many programs wait."})], "does not begin.*Too many programs wait"),
        ([(200, BEGUN), refusal("access_denied")], "did not let this laptop in"),
        ([(200, BEGUN), refusal("expired_token")], "was not approved in time"),
        ([(200, BEGUN), refusal("invalid_grant")], "does not know this code"),
        ([(200, BEGUN), refusal("another")], "gives no token.*as the portal says"),
        ([(200, BEGUN), *[refusal("authorization_pending")] * 12], "was not approved in time"),
        ([(200, {**BEGUN, "verification_uri": "https://evil.example/device"})], "another address"),
        ([(200, {**BEGUN, "user_code": "A\x1b[2J"})], "no user_code"),
        ([(200, {**BEGUN, "interval": "5"})], "no interval"),
        ([(200, BEGUN), (200, {"access_token": ["x"], "expires_in": 5})], "no access_token"),
    ],
)
def test_each_refusal_has_its_sentence(answers: list[Any], words: str) -> None:
    with pytest.raises(LaptopError, match=words):
        sign_in(Script(*answers), "mac", lambda *_: None, lambda _: None)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "data.example.com",
        "http://data.example.com",
        "https://",
        "https://data.example.com/portal",
        "https://anna@data.example.com",
        "https://data.example.com?x=1",
        "https://d\u0430ta.example.com",
        "file:///etc/passwd",
        "https://data.example.com\n",
    ],
)
def test_an_address_that_is_not_of_a_portal_is_refused(words: str) -> None:
    with pytest.raises(LaptopError, match="not the address of a portal"):
        check_origin(words)


def test_a_portal_without_tls_is_on_this_machine_alone() -> None:
    assert check_origin("http://127.0.0.1:8080/") == "http://127.0.0.1:8080"
    assert check_origin("https://data.example.com:8443") == "https://data.example.com:8443"


def test_a_token_goes_to_its_own_portal_until_it_ends(tmp_path: Path) -> None:
    (tmp_path / ".broker").mkdir()
    workspace = Workspace.at(tmp_path)
    token = PortalToken(ORIGIN, "broker_pat_x", datetime(2026, 12, 1, tzinfo=UTC))
    keep_token(workspace, token)
    assert kept_token(workspace, ORIGIN, datetime(2026, 11, 30, tzinfo=UTC)) == token
    assert kept_token(workspace, ORIGIN, datetime(2026, 12, 2, tzinfo=UTC)) is None
    assert (
        kept_token(workspace, "https://other.example", datetime(2026, 11, 30, tzinfo=UTC)) is None
    )


@pytest.mark.parametrize("name", ["", "---", "<b>", "\u202e", "x" * 200, "Anna's MacBook (2)"])
def test_whatever_a_machine_is_called_the_portal_takes_the_name(name: str) -> None:
    from broker.portal.api.device import DeviceWish  # noqa: PLC0415 - the other side

    assert DeviceWish(client_id=client_name(name)).client_id.startswith("laptop ")
