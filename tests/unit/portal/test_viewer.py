from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from broker.portal.viewer import Viewer, audience_of


@dataclass
class Host:
    """The accounts of a host, each with its classes."""

    people: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def uid(self, account: str) -> int | None:
        return 1000 if account in self.people else None

    def has_name(self, name: str) -> bool:
        return name in self.people

    def classes(self, account: str) -> Collection[str] | None:
        return self.people.get(account)


def person(account: str | None) -> Viewer:
    return Viewer(1, "anna@example.com", "Anna", account, is_admin=False, is_trusted=True)


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


def test_a_class_that_was_taken_away_counts_at_once() -> None:
    host = Host({"eva": ("private", "public")})
    assert audience_of(person("eva"), host).names == ("private", "public")
    host.people["eva"] = ("public",)
    assert audience_of(person("eva"), host).names == ("public",)
