from __future__ import annotations

import ast
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from broker.config import Instance
from broker.portal import viewer as viewer_module
from broker.portal.database.models import PortalPerson
from broker.portal.identity.current import viewer_of
from broker.portal.viewer import Viewer, audience_of

UID = 1000


@dataclass
class Host:
    """The accounts of a host, each with its classes."""

    people: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def uid(self, account: str) -> int | None:
        return UID if account in self.people else None

    def has_name(self, name: str) -> bool:
        return name in self.people

    def classes(self, account: str, uid: int | None = None) -> Collection[str] | None:
        return self.people.get(account) if uid in (None, UID) else None


def person(account: str | None, uid: int = UID) -> Viewer:
    number = None if account is None else uid
    return Viewer(
        *(1, "anna@example.com", "Anna", account),
        is_admin=False,
        is_trusted=True,
        account_uid=number,
    )


@pytest.mark.parametrize(
    ("account", "classes"),
    [
        (None, ("public",)),  # has signed in, and given no key yet
        ("gone", ("public",)),
        ("anna", ("public",)),
        ("eva", ("finance", "private", "public")),
    ],
)
def test_a_person_knows_what_their_account_may_read(
    account: str | None, classes: tuple[str, ...]
) -> None:
    host = Host({"anna": ("public",), "eva": ("private", "finance", "public")})
    assert audience_of(person(account), host).names == classes


def test_an_account_made_anew_since_the_request_began_says_nothing_of_the_person() -> None:
    host = Host({"eva": ("private", "public")})
    assert audience_of(person("eva", UID - 1), host).names == ("public",)


def test_a_class_that_was_taken_away_counts_at_once() -> None:
    host = Host({"eva": ("private", "public")})
    assert audience_of(person("eva"), host).names == ("private", "public")
    host.people["eva"] = ("public",)
    assert audience_of(person("eva"), host).names == ("public",)


def test_no_other_part_of_the_portal_makes_an_audience() -> None:
    """Whatever would, could show a person what their account may not read."""
    package = Path(viewer_module.__file__).parent
    makers = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and "Audience" in ast.unparse(call.func).split(".")
    ]
    assert makers == ["viewer.py"]


@pytest.mark.parametrize(
    ("users", "own", "name"),
    [
        ({"anna": {"name": "Anna Lind"}}, "A. from the provider", "Anna Lind"),
        ({"eva": {"name": "Eva"}}, "A. from the provider", "A. from the provider"),
        ({}, "", "anna"),
    ],
)
def test_a_person_is_called_as_the_instance_says(
    users: dict[str, object], own: str, name: str
) -> None:
    one = PortalPerson(
        id=1, email="anna@example.com", name=own, account="anna", account_uid=1000, is_admin=False
    )
    host = Host({"anna": ("public",)})
    instance = Instance.model_validate({"users": users})
    assert viewer_of(one, instance, host, is_trusted=True).name == name
