from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.accounts.records.names import check_name
from broker.errors import AccountsError
from broker.foreign.addresses import folded_address
from broker.portal.identity.account_names import declared_name, suggest_name


@pytest.mark.parametrize(
    ("email", "taken", "name", "reason"),
    [
        ("ann@example.com", (), "ann", None),
        ("ann.lee@example.com", (), "ann-lee", "Account names have"),
        ("ann+data@example.com", (), "ann", "Account names have"),
        ("7of9@example.com", (), "of9", "Account names have"),
        ("ann@example.com", ("ann",), "ann-example", "The name ann is in use"),
        (
            "ann@example.com",
            ("ann", "ann-example", "example-ann"),
            "ann2",
            "The name ann is in use",
        ),
        ("root@example.com", (), "root-example", "The name root is reserved"),
        ("broker@example.com", (), "example-broker", "reserved"),
        ("data.team@example.com", (), "example-data-team", "reserved"),
        ("123@example.com", (), "example", "before the @ is reserved or not valid"),
        ("a" * 64 + "@example.com", (), "a" * 32, "Account names have"),
        ("eva@example.com", (), "eva-2", "set by the administrators"),
        ("max@example.com", (), "maximilian", "set by the administrators"),
    ],
)
def test_names(email: str, taken: tuple[str, ...], name: str, reason: str | None) -> None:
    mapping = {"eva@example.com": "eva-2", "max": "maximilian"}
    declared = declared_name(email, mapping, ("example.com",))
    found = suggest_name(email, declared, taken.__contains__)
    assert found.name == name
    assert found.reason is None if reason is None else reason in (found.reason or "")


def test_where_no_name_is_left_the_configuration_has_to_name_one() -> None:
    with pytest.raises(AccountsError, match="Name one in username_mapping"):
        suggest_name("ann@example.com", None, lambda _name: True)


def test_a_name_of_the_configuration_that_is_taken_is_an_error() -> None:
    with pytest.raises(AccountsError, match="should get is in use"):
        suggest_name("eva@example.com", "eva-2", {"eva-2"}.__contains__)


@pytest.mark.parametrize(
    ("email", "domains", "name"),
    [
        ("max@example.com", ("example.com",), "maximilian"),
        ("max@outside.com", ("example.com",), None),  # another person
        ("max@sub.example.com", ("example.com",), None),
        ("max@example.com", (), None),  # let in one by one: there is no domain of the house
        ("max@example.com", ("example.com", "example.org"), None),  # whose max is that?
        ("eva@outside.com", ("example.com",), "eva-2"),
    ],
)
def test_a_part_before_the_at_counts_for_the_one_allowed_domain(
    email: str, domains: tuple[str, ...], name: str | None
) -> None:
    mapping = {"eva@outside.com": "eva-2", "max": "maximilian"}
    assert declared_name(email, mapping, domains) == name


def valid(name: str) -> bool:
    """An error of the rule itself must not look like one of the suggestion."""
    try:
        return check_name(name) == name
    except AccountsError:
        return False


@given(st.from_regex(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9]{1,20}\.com", fullmatch=True))
def test_whatever_is_suggested_may_be_an_account(address: str) -> None:
    email = folded_address(address)
    assert email is not None
    with suppress(AccountsError):  # where all that the letters give is reserved
        name = suggest_name(email, None, {"ann"}.__contains__).name
        assert valid(name)
        assert name != "ann"
