"""From a person who signed in to an analyst's account on the host."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..accounts.records.keys import Key
from ..config import Instance
from ..errors import AccountsError
from ..foreign.addresses import folded_address
from .acts.accounts import AccountActs
from .acts.facts import AccountFacts
from .acts.host import HostActs
from .database.engine import Database
from .database.models import PersonState, PortalPerson
from .events import note_event
from .identity.account_names import SuggestedName, declared_name, suggest_name
from .identity.accounts import is_tied
from .viewer import AccountId, Viewer

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
    database: Database, host: HostActs, viewer: Viewer, instance: Instance
) -> SuggestedName:
    """What the account of a person would be called now. Raises ``BrokerError``."""
    if viewer.lost_account is not None:
        raise _lost(viewer)
    return _suggested(database, host, host.accounts.analysts(), viewer, instance)


def register(
    database: Database, host: HostActs, viewer: Viewer, key: Key, instance: Instance
) -> AccountId:
    """Give a person an account with this key. Raises ``BrokerError``.

    The name is taken in the database first, where no two people have the same, and given back
    when the host refuses. An account that the operators made for the address is taken over.
    """
    accounts = host.accounts
    analysts = accounts.analysts(fresh=True)
    name = _broken_off(database, analysts, viewer, key)
    name = name or _suggested(database, host, analysts, viewer, instance).name
    _claim(database, viewer, name, key)
    own = next((one for one in analysts if one.name == name), None)
    try:
        if own is None:
            made = accounts.register(viewer.email, name, viewer.email, key.line)
        else:
            made = own.id
            if own.key(key.fingerprint) is None:
                accounts.add_key(viewer.email, made, key.line)
    except Exception:
        _give_back(database, viewer, name)
        raise
    if _tied(database, viewer, made):
        return made
    if own is None:  # removed while the host made the account
        accounts.remove(viewer.email, made)
    else:
        accounts.revoke_key(viewer.email, made, key.fingerprint)
    raise _removed(viewer)


def _broken_off(
    database: Database, analysts: Collection[AccountFacts], viewer: Viewer, key: Key
) -> str | None:
    """The account that the host made for this person before a registration of theirs broke off.

    It has their address and this key: so it is not one that the operators made since.
    """
    with database.read() as session:
        person = session.get(PortalPerson, viewer.person_id)
        claimed = person.account if person is not None and person.account_uid is None else None
    for one in analysts:
        is_theirs = one.name == claimed and folded_address(one.email) == viewer.email
        if is_theirs and one.key(key.fingerprint) is not None:
            return one.name
    return None


def _claim(database: Database, viewer: Viewer, name: str, key: Key) -> None:
    """Make the name this person's in the database, before the host has it."""
    with database.begin() as session:
        person = session.get(PortalPerson, viewer.person_id)
        if person is None or person.state != PersonState.ACTIVE:
            raise _removed(viewer)
        if person.account is not None and person.account_uid is not None:
            raise _lost(viewer)  # without a number a registration of theirs broke off
        if name in _names_of_others(session, viewer):
            raise AccountsError(
                "another person got this account name just now",
                where=name,
                remedy="Send the key again.",
            )
        person.account = name
        note_event(session, viewer.person_id, "account.request", name, detail=key.fingerprint)


def _tied(database: Database, viewer: Viewer, made: AccountId) -> bool:
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
    database: Database,
    host: HostActs,
    analysts: Collection[AccountFacts],
    viewer: Viewer,
    instance: Instance,
) -> SuggestedName:
    """The account that the operators made for the address, else a name that no one has."""
    with database.read() as session:
        taken = _names_of_others(session, viewer)
    own = own_account(viewer.email, analysts) if viewer.is_trusted else None
    if own is not None and own.name not in taken:
        return SuggestedName(own.name, "The operators made this account for your address.")
    taken |= {one.name for one in analysts}
    mapping, domains = instance.username_mapping, instance.auth.allowed_domain
    declared = declared_name(viewer.email, mapping, domains) if viewer.is_trusted else None
    return suggest_name(
        viewer.email, declared, lambda name: name in taken or host.classes.has_name(name)
    )


def _names_of_others(session: Session, viewer: Viewer) -> set[str]:
    others = select(PortalPerson.account).where(PortalPerson.id != viewer.person_id)
    return {name for name in session.scalars(others) if name}
