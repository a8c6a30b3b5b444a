from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from broker.config import Instance
from broker.errors import PortalError
from broker.portal.database.models import PortalPerson
from broker.portal.identity.accounts import LocalAccounts, NssAccounts, tied_account

GROUPS = {100: "dataread", 101: "data-private", 102: "people", 103: "users", 104: "data-ops"}
PEOPLE = {
    "anna": (1001, [100, 103]),
    "eva": (1002, [103, 100, 101, 102, 999]),  # a gid without a group
    "gone": (1003, [103, 101]),  # no longer an analyst
    "broker": (990, [100, 101]),  # the system's
}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, list[int]]]:
    people = {name: (uid, [*gids]) for name, (uid, gids) in PEOPLE.items()}
    monkeypatch.setattr(
        pwd, "getpwnam", lambda name: SimpleNamespace(pw_uid=people[name][0], pw_gid=103)
    )
    monkeypatch.setattr(grp, "getgrgid", lambda gid: SimpleNamespace(gr_name=GROUPS[gid]))
    by_name = {name: SimpleNamespace(gr_name=name) for name in GROUPS.values()}
    monkeypatch.setattr(grp, "getgrnam", by_name.__getitem__)
    monkeypatch.setattr(os, "getgrouplist", lambda name, _gid: people[name][1])
    return people


@pytest.mark.parametrize(
    ("account", "classes"),
    [
        ("anna", ["public"]),
        ("eva", ["hr", "private", "public"]),
        ("gone", None),
        ("broker", None),
        ("absent", None),
    ],
)
def test_the_classes_of_an_account_are_its_groups(
    host: object, account: str, classes: list[str] | None
) -> None:
    assert host
    instance = Instance.model_validate({"access_classes": {"hr": "people"}})
    assert NssAccounts(instance).classes(account) == classes


def test_a_group_that_was_taken_away_counts_at_the_next_look(
    host: dict[str, tuple[int, list[int]]],
) -> None:
    accounts = NssAccounts(Instance())
    assert accounts.classes("eva") == ["private", "public"]
    assert accounts.classes("eva", 1002) == ["private", "public"]
    assert accounts.classes("eva", 1001) is None
    host["eva"][1].remove(101)
    assert accounts.classes("eva") == ["public"]
    host["eva"][1].remove(100)
    assert accounts.classes("eva") is None


def test_the_number_of_an_account_is_that_of_the_host(
    host: dict[str, tuple[int, list[int]]],
) -> None:
    accounts = NssAccounts(Instance())
    person = PortalPerson(email="anna@example.com", account="anna", account_uid=1001)
    assert (accounts.uid("anna"), accounts.uid("absent")) == (1001, None)
    names = ("anna", "broker", "data-ops", "absent")
    assert [accounts.has_name(name) for name in names] == [True, True, True, False]
    assert tied_account(person, accounts) == "anna"
    host["anna"] = (1009, host["anna"][1])
    assert tied_account(person, accounts) is None
    person.account_uid = None
    assert tied_account(person, accounts) is None


def test_accounts_for_developers_are_a_file(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    accounts = LocalAccounts(path)
    assert accounts.classes("anna") is None
    path.write_text('{"anna": ["public", "finance"]}')
    assert accounts.classes("anna") == ["public", "finance"]
    assert accounts.classes("eva") is None
    assert accounts.classes("anna", accounts.uid("anna")) == ["public", "finance"]
    assert accounts.classes("anna", 0) is None
    for text in ("{", "[]", '{"anna": 7}', '"x"'):
        path.write_text(text)
        with pytest.raises(PortalError, match=r"accounts cannot be read.*expected JSON"):
            accounts.classes("anna")
