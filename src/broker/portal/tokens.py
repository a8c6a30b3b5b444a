"""Personal tokens: how programs of a person reach the API. A token is shown once, when it is made.

The database has its SHA-256 alone: of 256 random bits no slower digest is needed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ..config import Instance
from ..errors import AccountsError
from .database.engine import Database
from .database.models import DeviceGrant, PersonalToken, PersonState
from .identity.current import viewer_of
from .identity.doors import is_admitted
from .viewer import AccountClasses, Viewer

__all__ = [
    "LONGEST_LIFE",
    "TOKEN_FORMAT",
    "Bearer",
    "MadeToken",
    "Scope",
    "bearer_of",
    "end_tokens",
    "make_token",
    "parse_scopes",
    "revoke_token",
    "tokens_of",
]

TOKEN_FORMAT = r"broker_pat_[0-9a-f]{64}"  # noqa: S105 - the form, for scanners of secrets
LONGEST_LIFE = timedelta(days=366)
_MOST_TOKENS = 50
_MOST_NAME = 100
_PREFIX = "broker_pat_"
_NOTED_EVERY = timedelta(minutes=1)


class Scope(StrEnum):
    """What a token may be used for; it never allows more than its person may do."""

    CATALOG = "catalog:read"
    ME = "me:read"
    SETTINGS = "settings:write"
    KEYS = "keys:write"
    CERTIFICATE = "certificate:issue"
    SYNCS = "syncs:run"
    OPERATIONS = "operations:read"

    @property
    def words(self) -> str:
        """What a person reads beside it."""
        return _WORDS[self]

    @property
    def is_for_admins(self) -> bool:
        """Whether it is of use to admins alone."""
        return self in (Scope.SYNCS, Scope.OPERATIONS)


_WORDS = {
    Scope.CATALOG: "see the catalog, profiles and freshness of what you may read",
    Scope.ME: "see who you are, your keys and your settings",
    Scope.SETTINGS: "change which datasets your laptops get",
    Scope.KEYS: "add, rotate and revoke your SSH keys",
    Scope.CERTIFICATE: "issue SSH certificates for your keys",
    Scope.SYNCS: "see syncs and start one (admins)",
    Scope.OPERATIONS: "read metrics and readiness (admins)",
}


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token: ``text`` is known here and now, and nowhere else."""

    id: int
    name: str
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who sent a request with a token, and what the token is for."""

    viewer: Viewer
    scopes: frozenset[Scope]
    token_id: int


def parse_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """The scopes of these names. Raises ``AccountsError`` for none, and for an unknown one."""
    known = {scope.value: scope for scope in Scope}
    given = set(words)
    if not given or given - known.keys():
        raise AccountsError(
            "this is not a list of scopes" if given else "no scope is chosen",
            where="scopes",
            expected=f"one or more of {', '.join(known)}",
        )
    return frozenset(known[word] for word in given)


def make_token(
    session: Session,
    person_id: int,
    name: str,
    scopes: Collection[Scope],
    life: timedelta,
    now: datetime | None = None,
) -> MadeToken:
    """A new token of a person; their valid ones have different names.

    Raises ``AccountsError`` for a name that is taken, a life of more than a year, and past 50
    valid tokens.
    """
    moment = now or datetime.now(UTC)
    valid = [one for one in tokens_of(session, person_id) if _is_valid(one, moment)]
    _check(name, life, valid)
    text = f"{_PREFIX}{secrets.token_hex(32)}"
    token = PersonalToken(
        person_id=person_id,
        digest=_digest(text),
        name=name,
        scopes=" ".join(sorted(scopes)),
        created_at=moment,
        expires_at=moment + life,
    )
    session.add(token)
    session.flush()
    return MadeToken(token.id, name, text, token.expires_at)


def tokens_of(session: Session, person_id: int) -> Sequence[PersonalToken]:
    """All tokens of a person, the newest first, also those that ended."""
    chosen = select(PersonalToken).where(PersonalToken.person_id == person_id)
    return session.scalars(chosen.order_by(PersonalToken.id.desc())).all()


def revoke_token(session: Session, person_id: int, token_id: int) -> bool:
    """End a token of this person; False where they have no such token that is not revoked."""
    token = session.get(PersonalToken, token_id)
    if token is None or token.person_id != person_id or token.revoked_at is not None:
        return False
    token.revoked_at = datetime.now(UTC)
    return True


def end_tokens(session: Session, person_id: int) -> None:
    """End every token of a person, and what a program of theirs waits for."""
    session.execute(delete(DeviceGrant).where(DeviceGrant.person_id == person_id))
    session.execute(
        update(PersonalToken)
        .where(PersonalToken.person_id == person_id, PersonalToken.revoked_at.is_(None))
        .values(revoked_at=datetime.now(UTC))
    )


def bearer_of(
    database: Database,
    text: str,
    instance: Instance,
    accounts: AccountClasses,
    now: datetime | None = None,
) -> Bearer | None:
    """Who holds this token; None for one that is unknown, ended, or of a person who was removed.

    Also None where the configuration no longer lets the person's address in. Its last use is noted,
    to the minute.
    """
    if re.fullmatch(TOKEN_FORMAT, text) is None:
        return None
    moment = now or datetime.now(UTC)
    with database.read() as session:
        chosen = select(PersonalToken).where(PersonalToken.digest == _digest(text))
        token = session.scalars(chosen).one_or_none()
        if token is None or not _is_valid(token, moment):
            return None
        person = token.person
        if person.state != PersonState.ACTIVE:
            return None
        known = {scope.value: scope for scope in Scope}
        scopes = frozenset(known[word] for word in token.scopes.split() if word in known)
        if not is_admitted(instance.auth, person.email):
            return None
        is_trusted = all(one.is_trusted for one in person.identities)
        is_noted = token.last_used_at is not None and moment - token.last_used_at < _NOTED_EVERY
    viewer = viewer_of(person, instance, accounts, is_trusted=is_trusted)
    if not is_noted:
        _note_use(database, token.id, moment)
    return Bearer(viewer, scopes, token.id)


def _note_use(database: Database, token_id: int, moment: datetime) -> None:
    with database.begin() as session:
        session.execute(
            update(PersonalToken).where(PersonalToken.id == token_id).values(last_used_at=moment)
        )


def _is_valid(token: PersonalToken, moment: datetime) -> bool:
    return token.revoked_at is None and token.expires_at > moment


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _check(name: str, life: timedelta, valid: Sequence[PersonalToken]) -> None:
    if not name or len(name) > _MOST_NAME or not name.isprintable():
        raise AccountsError(
            "this is not a name for a token",
            where="name",
            expected=f"one line of at most {_MOST_NAME} characters",
        )
    if name in {one.name for one in valid}:
        raise AccountsError(
            "you have a valid token of this name",
            where="name",
            remedy="Revoke that one first, or choose another name.",
        )
    if not timedelta() < life <= LONGEST_LIFE:
        raise AccountsError(
            "a token cannot live so long", where="days", expected=f"1 to {LONGEST_LIFE.days} days"
        )
    if len(valid) >= _MOST_TOKENS:
        raise AccountsError(
            "there are too many valid tokens",
            expected=f"at most {_MOST_TOKENS}",
            remedy="Revoke those that are not used.",
        )
