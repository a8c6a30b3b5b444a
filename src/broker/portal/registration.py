"""From a person who signed in to an analyst's account on the host."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..accounts.records.keys import Key
from ..errors import AccountsError
from ..foreign.addresses import folded_address
from .acts.accounts import AccountActs
from .acts.facts import AccountFacts
from .database.engine import Database
from .database.models import PersonState, PortalPerson
from .events import note_event
from .identity.account_names import SuggestedName, suggest_name
from .identity.accounts import is_tied
from .viewer import Viewer

__all__ = ["account_of", "own_account", "register", "suggested_account"]


def own_account(email: str, analysts: Collection[AccountFacts]) -> AccountFacts | None:
    """The account that the operators made for the person of this folded address.

    None where none or several have the address.
    """
    found = [one for one in analysts if folded_address(one.email) == email]
    return found[0] if len(found) == 1 else None


def account_of(person: PortalPerson, accounts: AccountActs) -> AccountFacts:
    """The account of a person as the host has it now, for what an admin changes of it.

    Raises ``AccountsError`` where they have none, also where the one of their name is not theirs.
    """
    if person.account is None:
        raise AccountsError(
            "this person has no account on the host yet",
            where=person.email,
            remedy="Wait until they have given a key.",
        )
    found = accounts.analyst_now(person.account)
    if found is None or not is_tied(person, found.uid):
        raise AccountsError(
            "the account of this person is gone from the host, or was made anew",
            where=f"{person.account} of {person.email}",
            remedy="Look at the page of the person, and tie the account to them anew.",
        )
    return found


def suggested_account(
    database: Database, accounts: AccountActs, viewer: Viewer, mapping: Mapping[str, str]
) -> SuggestedName:
    """What the account of a person would be called now. Raises ``BrokerError``."""
    if viewer.lost_account is not None:
        raise _lost(viewer)
    analysts = accounts.analysts()
    with database.read() as session:
        return _suggested(session, analysts, viewer, mapping)


def register(
    database: Database,
    accounts: AccountActs,
    viewer: Viewer,
    key: Key,
    mapping: Mapping[str, str],
) -> str:
    """Give a person an account with this key; returns its name. Raises ``BrokerError``.

    The name is taken in the database first, where no two people have the same, and given back
    when the host refuses. An account that the operators made for the address is taken over.
    """
    analysts = accounts.analysts(fresh=True)
    name = _claimed(database, analysts, viewer, key, mapping)
    own = next((one for one in analysts if one.name == name), None)
    try:
        if own is None:
            accounts.register(viewer.email, name, viewer.email, key.line)
        elif own.key(key.fingerprint) is None:
            accounts.add_key(viewer.email, name, key.line)
        made = accounts.analyst_now(name)
        if made is None or made.uid is None:
            raise AccountsError("the host does not show the account yet", where=name)
    except Exception:
        _give_back(database, viewer, name)
        raise
    if _tied(database, viewer, made):
        return name
    if own is None:  # removed while the host made the account
        accounts.remove(viewer.email, name)
    else:
        accounts.revoke_key(viewer.email, name, key.fingerprint)
    raise _removed(viewer)


def _claimed(
    database: Database,
    analysts: Collection[AccountFacts],
    viewer: Viewer,
    key: Key,
    mapping: Mapping[str, str],
) -> str:
    """A name that is this person's in the database, before the host has it."""
    with database.begin() as session:
        name = _suggested(session, analysts, viewer, mapping).name
        person = session.get(PortalPerson, viewer.person_id)
        if person is None or person.state != PersonState.ACTIVE:
            raise _removed(viewer)
        if person.account is not None and person.account_uid is not None:
            raise _lost(viewer)  # without a number a registration of theirs broke off
        person.account = name
        note_event(session, viewer.person_id, "account.request", name, detail=key.fingerprint)
    return name


def _tied(database: Database, viewer: Viewer, made: AccountFacts) -> bool:
    """Whether the account is the person's from now on; not where they were removed meanwhile."""
    with database.begin() as session:
        person = session.get(PortalPerson, viewer.person_id)
        if person is not None:
            person.account, person.account_uid = made.name, made.uid
        return person is not None and person.state == PersonState.ACTIVE


def _removed(viewer: Viewer) -> AccountsError:
    return AccountsError("this person was removed from the portal", where=viewer.email)


def _lost(viewer: Viewer) -> AccountsError:
    return AccountsError(
        "your account was removed from the host, or made anew",
        where=viewer.email,
        remedy="Ask the administrators of the portal to tie it to you, or to let you register.",
    )


def _give_back(database: Database, viewer: Viewer, name: str) -> None:
    with database.begin() as session:
        session.execute(
            update(PortalPerson)
            .where(
                PortalPerson.id == viewer.person_id,
                PortalPerson.account == name,
                PortalPerson.account_uid.is_(None),
            )
            .values(account=None)
        )
        note_event(session, viewer.person_id, "account.request", name, result="refused")


def _suggested(
    session: Session, analysts: Collection[AccountFacts], viewer: Viewer, mapping: Mapping[str, str]
) -> SuggestedName:
    """The account that the operators made for the address, else a name that no one has."""
    others = select(PortalPerson.account).where(PortalPerson.id != viewer.person_id)
    taken = {name for name in session.scalars(others) if name}
    own = own_account(viewer.email, analysts) if viewer.is_trusted else None
    if own is not None and own.name not in taken:
        return SuggestedName(own.name, "The operators made this account for your address.")
    taken |= {one.name for one in analysts}
    return suggest_name(viewer.email, mapping, taken.__contains__)
