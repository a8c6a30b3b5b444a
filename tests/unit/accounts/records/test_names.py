from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.accounts.records.model import parse_request
from broker.accounts.records.names import check_name
from broker.errors import AccountsError

from ..scratch import public_key

KEY = public_key("anna")


def verdict(name: str) -> str | None:
    """The sentence that refuses a name, or None."""
    try:
        check_name(name)
    except AccountsError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", ["a", "anna", "anna-k", "anna_2", "x" * 32])
def test_a_plain_name_is_taken(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        *("", "Anna", "1anna", "-anna", "_anna", "an na", "anna.k", "anna$", "žofie", "x" * 33),
        *("anna\n", "anna\0", "../anna", "anna:0:0", "a/b", "*", "anna\u202e", "anna;id"),
    ],
)
def test_an_invalid_name_is_refused(name: str) -> None:
    with pytest.raises(AccountsError, match="not a valid user name"):
        check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("root", "daemon", "nobody", "sync", "broker", "broker-sync", "dataread"),
        *("data-private", "data", "systemd-network", "sshd", "sudo", "www-data"),
    ],
)
def test_a_reserved_name_is_refused(name: str) -> None:
    with pytest.raises(AccountsError, match="reserved for the system"):
        check_name(name)


@given(st.text(max_size=200))
def test_any_text_is_a_safe_name_or_one_printable_line(text: str) -> None:
    message = verdict(text)
    if message is None:
        assert re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", text)
    else:
        assert message.isprintable()
        assert len(message) < 600


@pytest.mark.parametrize("email", ["anna", "anna@", "@x", "a b@x.cz", "a@x\n", "a:b@x y", "a@-x"])
def test_an_address_that_is_none_is_refused(email: str) -> None:
    with pytest.raises(AccountsError, match="not an e-mail address"):
        parse_request("anna", email=email, keys=[KEY])


def test_an_address_is_kept() -> None:
    assert parse_request("anna", email="anna+x@mail.example.com").email == "anna+x@mail.example.com"


def test_an_empty_list_of_keys_is_not_the_same_as_none() -> None:
    assert parse_request("anna").keys is None
    with pytest.raises(AccountsError, match="list of keys is empty"):
        parse_request("anna", keys=[])
