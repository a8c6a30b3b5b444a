"""From who stands at a door to the person that the portal knows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from broker.config import Instance
from broker.errors import SignInError
from broker.portal.database.engine import Database
from broker.portal.database.models import (
    DeviceGrant,
    PersonalToken,
    PersonState,
    PortalEvent,
    PortalPerson,
    SignInIdentity,
)
from broker.portal.identity.accounts import UNTIED
from broker.portal.identity.doors import ProvenArrival, arrival_by_link, arrival_by_provider
from broker.portal.identity.people import (
    forget_identities,
    person_by_email,
    person_who_arrived,
    remove_person,
    restore_person,
)
from broker.portal.identity.sessions import sessions_of, start_session
from broker.portal.tokens import Scope, make_token

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def by_provider(
    email: str, subject: str = "s-1", issuer: str = "https://a", **more: Any
) -> ProvenArrival:
    return ProvenArrival(email, "Name", "a", issuer, subject, **more)


def by_link(email: str) -> ProvenArrival:
    return ProvenArrival(email, "", "email")


def arrives(database: Database, instance: Instance, arrival: ProvenArrival) -> int:
    with database.begin() as session:
        person = person_who_arrived(session, arrival, instance.auth, NOON)
        session.flush()
        return person.id


def remove(database: Database, email: str) -> None:
    with database.begin() as session:
        person = person_by_email(session, email)
        assert person is not None
        remove_person(session, person, NOON)


def refused(database: Database, instance: Instance, arrival: ProvenArrival) -> str:
    with pytest.raises(SignInError) as caught:
        arrives(database, instance, arrival)
    return caught.value.message


def everyone(database: Database) -> dict[str, list[str]]:
    with database.read() as session:
        return {
            person.email: [f"{one.issuer} {one.subject}" for one in person.identities]
            for person in session.scalars(select(PortalPerson))
        }


def test_the_same_account_is_the_same_person_whatever_its_address(
    database: Database, instance: Instance
) -> None:
    first = arrives(database, instance, by_provider("ann@example.com"))
    assert arrives(database, instance, by_provider("ann.lee@example.com")) == first
    assert everyone(database) == {"ann.lee@example.com": ["https://a s-1"]}
    with database.read() as session:
        verbs = session.execute(select(PortalEvent.verb, PortalEvent.detail)).all()
    assert ("person.address", "before: ann@example.com") in [tuple(row) for row in verbs]


def test_a_new_address_that_is_another_person_s_is_refused(
    database: Database, instance: Instance
) -> None:
    arrives(database, instance, by_provider("ann@example.com"))
    arrives(database, instance, by_provider("eva@example.com", "s-2"))
    message = refused(database, instance, by_provider("eva@example.com", "s-1"))
    assert message == "Your new address belongs to another person of this portal."
    assert {*everyone(database)} == {"ann@example.com", "eva@example.com"}


def test_an_address_that_was_given_to_another_account_opens_nothing_of_the_first(
    database: Database, instance: Instance
) -> None:
    """A new colleague gets the address of one who left: same provider, another subject."""
    arrives(database, instance, by_provider("ann@example.com", "s-1"))
    message = refused(database, instance, by_provider("ann@example.com", "s-2"))
    assert message == "Your address belonged to another account of this provider before."
    with database.begin() as session:
        person = person_by_email(session, "ann@example.com")
        assert person is not None
        forget_identities(session, person)
    arrives(database, instance, by_provider("ann@example.com", "s-2"))
    assert everyone(database) == {"ann@example.com": ["https://a s-2"]}


def test_a_second_provider_is_the_same_person_only_where_it_is_trusted(
    database: Database, instance: Instance
) -> None:
    first = arrives(database, instance, by_provider("ann@example.com"))
    other = by_provider("ann@example.com", "t-1", "https://b", is_trusted=False)
    assert refused(database, instance, other) == (
        "Your address belongs to a person who signs in another way."
    )
    trusted = by_provider("ann@example.com", "t-1", "https://b")
    assert arrives(database, instance, trusted) == first
    assert everyone(database) == {"ann@example.com": ["https://a s-1", "https://b t-1"]}


def test_who_came_first_by_an_untrusted_provider_keeps_nothing_of_the_address(
    database: Database, instance: Instance
) -> None:
    doubtful = by_provider("ann@example.com", "t-1", "https://b", is_trusted=False)
    first = arrives(database, instance, doubtful)
    with database.begin() as session:
        person = session.get_one(PortalPerson, first)
        person.account, person.account_uid = "ann", 2001  # with a key of who came so
        token = make_token(session, first, "laptop", {Scope.ME}, timedelta(days=9), NOON)
        grant = dict.fromkeys(("device_digest", "user_digest", "client", "scopes"), "x")
        session.add(DeviceGrant(**grant, created_at=NOON, expires_at=NOON, person_id=first))
        auth = instance.auth
        start_session(
            session, first, method="b", auth=auth, now=NOON, agent="", address="192.0.2.1"
        )
    assert arrives(database, instance, by_provider("ann@example.com")) == first
    assert everyone(database) == {"ann@example.com": ["https://a s-1"]}
    with database.read() as session:
        assert session.get_one(PortalPerson, first).account_uid == UNTIED
        assert sessions_of(session, first, instance.auth, NOON) == []
        assert session.scalars(select(DeviceGrant)).all() == []
        assert session.get_one(PersonalToken, token.id).revoked_at == NOON
    assert refused(database, instance, doubtful) == (
        "Your address belongs to a person who signs in another way."
    )


def test_the_same_subject_of_two_providers_is_two_accounts(
    database: Database, instance: Instance
) -> None:
    first = arrives(database, instance, by_provider("ann@example.com", "s-1", "https://a"))
    second = arrives(database, instance, by_provider("eva@example.com", "s-1", "https://b"))
    assert first != second


def test_who_reads_the_mail_to_an_address_is_the_person_who_has_it_now(
    database: Database, instance: Instance
) -> None:
    first = arrives(database, instance, by_provider("ann@example.com"))
    assert arrives(database, instance, by_link("ann@example.com")) == first
    arrives(database, instance, by_provider("ann.lee@example.com"))
    assert arrives(database, instance, by_link("ann@example.com")) != first


@pytest.mark.parametrize(
    "arrival",
    [
        by_provider("ann@example.com"),
        by_provider("ann.lee@example.com"),  # the same account with a new address
        by_provider("ann@example.com", "s-2"),  # a new account with the same address
        by_provider("ann@example.com", "t-1", "https://b"),  # another provider
        by_link("ann@example.com"),
        ProvenArrival("ann@example.com", "", "console"),
    ],
)
def test_who_was_removed_gets_in_by_no_door(
    database: Database, instance: Instance, arrival: ProvenArrival
) -> None:
    arrives(database, instance, by_provider("ann@example.com"))
    remove(database, "ann@example.com")
    assert refused(database, instance, arrival) == "Your access to this portal was ended."
    with database.read() as session:
        person = session.scalars(select(PortalPerson)).one()
        assert (person.state, person.removed_at) == (PersonState.REMOVED, NOON)


def test_who_was_removed_may_be_let_in_again(database: Database, instance: Instance) -> None:
    first = arrives(database, instance, by_provider("ann@example.com"))
    remove(database, "ann@example.com")
    with database.begin() as session:
        person = person_by_email(session, "ann@example.com")
        assert person is not None
        restore_person(person)
    assert arrives(database, instance, by_provider("ann@example.com")) == first


def test_no_spelling_walks_around_a_removal(database: Database, instance: Instance) -> None:
    google = instance.auth.providers[0]
    claims = {"sub": "s", "email_verified": True, "hd": "example.com"}
    arrives(database, instance, by_provider("ann@example.com"))
    remove(database, "ann@example.com")
    for spelling in ("Ann@Example.com", " ann@example.com ", "ANN@EXAMPLE.COM\n"):
        arrival = arrival_by_provider(instance.auth, google, claims | {"email": spelling})
        assert "was ended" in refused(database, instance, arrival)
    for spelling in ("\uff41nn@example.com", "an\u200bn@example.com", "ann@example.com."):
        with pytest.raises(SignInError):
            arrival_by_provider(instance.auth, google, claims | {"email": spelling})
    assert {*everyone(database)} == {"ann@example.com"}


def test_a_provider_that_is_not_trusted_makes_no_admin(
    database: Database, instance: Instance
) -> None:
    boss = by_provider("boss@example.com", "t-9", "https://b", is_trusted=False)
    sentence = "An administrator cannot sign in by this provider."
    assert refused(database, instance, boss) == sentence
    # Nor by a change of the address of an account that is known.
    arrives(database, instance, by_provider("x@example.com", "t-9", "https://b", is_trusted=False))
    assert refused(database, instance, boss) == sentence
    arrives(database, instance, by_provider("boss@example.com"))


def test_only_listed_addresses_come_by_link(instance: Instance) -> None:
    assert arrival_by_link(instance.auth, "eva@outside.com").issuer is None
    for email in ("ann@example.com", "eva@example.com", "guest@outside.com"):
        with pytest.raises(SignInError):
            arrival_by_link(instance.auth, email)


def test_a_provider_that_does_not_say_whether_an_address_is_verified(instance: Instance) -> None:
    claims = {"sub": "s", "email": "ann@example.com", "hd": "example.com"}
    google = instance.auth.providers[0]
    assuming = google.model_copy(update={"assume_verified": True})
    assert arrival_by_provider(instance.auth, assuming, claims).email == "ann@example.com"
    with pytest.raises(SignInError, match="did not verify"):
        arrival_by_provider(instance.auth, google, claims)
    with pytest.raises(SignInError, match="did not verify"):
        arrival_by_provider(instance.auth, assuming, claims | {"email_verified": False})


def test_identities_are_unique(database: Database, instance: Instance) -> None:
    arrives(database, instance, by_provider("ann@example.com"))
    arrives(database, instance, by_provider("ann@example.com"))
    with database.read() as session:
        assert len(session.scalars(select(SignInIdentity)).all()) == 1


def test_a_name_of_a_provider_is_one_harmless_line(instance: Instance) -> None:
    claims = {"sub": "s", "email": "ann@example.com", "email_verified": True, "hd": "example.com"}
    names = {"Ann\r\nBcc: x": "Ann Bcc: x", "\u202eAnn": "\\u202eAnn", "A" * 300: "A" * 199 + "…"}
    for name, kept in names.items():
        arrival = arrival_by_provider(
            instance.auth, instance.auth.providers[0], claims | {"name": name}
        )
        assert arrival.name == kept
    odd = arrival_by_provider(instance.auth, instance.auth.providers[0], claims | {"name": ["a"]})
    assert odd.name == ""
