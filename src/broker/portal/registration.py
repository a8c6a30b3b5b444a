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
from .viewer import Viewer

__all__ = ["own_account", "register", "suggested_account"]


def own_account(email: str, analysts: Collection[AccountFacts]) -> AccountFacts | None:
    """The account that the operators made for the person of this folded address.

    None where none or several have the address.
    """
    found = [one for one in analysts if folded_address(one.email) == email]
    return found[0] if len(found) == 1 else None


def suggested_account(
    database: Database, accounts: AccountActs, viewer: Viewer, mapping: Mapping[str, str]
) -> SuggestedName:
    """What the account of a person would be called now. Raises ``BrokerError``."""
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
    with database.begin() as session:
        name = _suggested(session, analysts, viewer, mapping).name
        person = session.get(PortalPerson, viewer.person_id)
        if person is None or person.state != PersonState.ACTIVE:
            raise AccountsError("this person was removed from the portal", where=viewer.email)
        if person.account is not None:
            raise AccountsError(
                "the account of this person was removed from the host",
                where=viewer.email,
                remedy="Ask the administrators of the portal to let you register again.",
            )
        own = next((one for one in analysts if one.name == name), None)
        person.account = name
        note_event(session, viewer.person_id, "account.request", name, detail=key.fingerprint)
    try:
        if own is None:
            accounts.register(viewer.email, name, viewer.email, key.line)
        elif own.key(key.fingerprint) is None:
            accounts.add_key(viewer.email, name, key.line)
    except Exception:
        _give_back(database, viewer, name)
        raise
    with database.read() as session:
        person = session.get(PortalPerson, viewer.person_id)
        was_removed = person is None or person.state != PersonState.ACTIVE
    if was_removed and own is None:  # while the host made the account
        accounts.remove(viewer.email, name)
    elif was_removed:
        accounts.revoke_key(viewer.email, name, key.fingerprint)
    if was_removed:
        raise AccountsError("this person was removed from the portal", where=viewer.email)
    return name


def _give_back(database: Database, viewer: Viewer, name: str) -> None:
    with database.begin() as session:
        session.execute(
            update(PortalPerson)
            .where(PortalPerson.id == viewer.person_id, PortalPerson.account == name)
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
