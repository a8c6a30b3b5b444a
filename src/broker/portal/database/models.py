"""The tables of the database. A change here takes a migration in ``migrations/versions``."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, ForeignKey, Index, String, TypeDecorator, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

__all__ = [
    "AccessRequest",
    "Decision",
    "DeviceGrant",
    "LinkPurpose",
    "LoginSession",
    "MagicLink",
    "MailHealth",
    "PersonState",
    "PersonalToken",
    "PortalEvent",
    "PortalPerson",
    "PortalTables",
    "SignInAttempt",
    "SignInIdentity",
]


class UtcTime(TypeDecorator[datetime]):
    """An instant: aware and in UTC for Python, naive UTC in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Any) -> datetime | None:
        """An instant without zone is a mistake of the caller's."""
        if value is not None and value.tzinfo is None:
            raise ValueError("an instant without a time zone")
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Any) -> datetime | None:
        """What the database has is UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


class PortalTables(DeclarativeBase):
    """All tables of the portal."""

    type_annotation_map = {datetime: UtcTime, str: String}  # noqa: RUF012 - as SQLAlchemy asks


class PersonState(StrEnum):
    """Who is ``removed`` gets in by no door, also not as a new person with the same address."""

    ACTIVE = "active"
    REMOVED = "removed"


class Decision(StrEnum):
    """What became of a request for access."""

    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class LinkPurpose(StrEnum):
    """What a link is for: to sign in by e-mail, or as an admin from the host's console."""

    SIGN_IN = "sign_in"
    CONSOLE = "console"


class PortalPerson(PortalTables):
    """A person. ``email`` is folded (``foreign.addresses``), ``account`` the Linux account, once
    there is one. Rights are not kept here: the classes of an account are its groups on the host.

    ``account_uid`` is the number that the account had when it became theirs: with another one it
    is not theirs (``identity.accounts``). It is None while the host makes the account.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    account: Mapped[str | None] = mapped_column(String(32), unique=True)
    account_uid: Mapped[int | None]
    is_admin: Mapped[bool] = mapped_column(default=False)
    state: Mapped[PersonState] = mapped_column(String(10), default=PersonState.ACTIVE)
    created_at: Mapped[datetime]
    removed_at: Mapped[datetime | None]

    identities: Mapped[list[SignInIdentity]] = relationship(back_populates="person")


class SignInIdentity(PortalTables):
    """A person as an identity provider knows them: ``subject`` never changes, an address may.

    ``is_trusted`` is whether the provider was a trusted one when they last came by it.
    """

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    issuer: Mapped[str] = mapped_column(String(500))
    subject: Mapped[str] = mapped_column(String(255))
    is_trusted: Mapped[bool]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    person: Mapped[PortalPerson] = relationship(back_populates="identities")


class LoginSession(PortalTables):
    """A session of a browser; ``digest`` is the SHA-256 of what its cookie holds."""

    __tablename__ = "session"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    method: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    agent: Mapped[str] = mapped_column(String(300), default="")
    address: Mapped[str] = mapped_column(String(64), default="")

    person: Mapped[PortalPerson] = relationship()


class MagicLink(PortalTables):
    """A link that was mailed or printed; ``digest`` is the SHA-256 of its token.

    A POST uses it up.
    """

    __tablename__ = "magic_link"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    purpose: Mapped[LinkPurpose] = mapped_column(String(10), default=LinkPurpose.SIGN_IN)
    address: Mapped[str] = mapped_column(String(64), default="")
    next_path: Mapped[str] = mapped_column(String(500), default="/")
    created_at: Mapped[datetime] = mapped_column(index=True)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInAttempt(PortalTables):
    """One attempt that counts against a limit; ``key`` is the SHA-256 of whose limit it is."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_of", "limit", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    limit: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)


class MailHealth(PortalTables):
    """How the mail server last answered: one row for all addresses."""

    __tablename__ = "mail_health"

    id: Mapped[int] = mapped_column(primary_key=True)
    succeeded_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(String(300), default="")


class PersonalToken(PortalTables):
    """A token for the API; ``digest`` is its SHA-256, ``scopes`` are words with spaces between."""

    __tablename__ = "token"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    scopes: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]

    person: Mapped[PortalPerson] = relationship()


class DeviceGrant(PortalTables):
    """A client that waits for a person to let it in (RFC 8628); both codes as SHA-256.

    ``client`` is the name that it gave itself, ``address`` the one from which it asked.
    """

    __tablename__ = "device_grant"

    device_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_digest: Mapped[str] = mapped_column(String(64), unique=True)
    client: Mapped[str] = mapped_column(String(100))
    address: Mapped[str] = mapped_column(String(64), default="")
    scopes: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_asked_at: Mapped[datetime | None]
    interval_seconds: Mapped[int] = mapped_column(default=5)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    is_denied: Mapped[bool] = mapped_column(default=False)


class AccessRequest(PortalTables):
    """A person wants to read a class, and why; an admin decides."""

    __tablename__ = "access_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    access_class: Mapped[str] = mapped_column(String(31))
    reason: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[datetime]
    decision: Mapped[Decision] = mapped_column(String(10), default=Decision.PENDING)
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(254))
    comment: Mapped[str] = mapped_column(String(2000), default="")

    person: Mapped[PortalPerson] = relationship()


class PortalEvent(PortalTables):
    """What happened here: who signed in, what was requested and decided. Rows are only added.

    ``person_id`` is who did it, ``subject_id`` the other person to whom it was done.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    subject_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    verb: Mapped[str] = mapped_column(String(60))
    target: Mapped[str] = mapped_column(String(254), default="")
    result: Mapped[str] = mapped_column(String(20), default="done")
    detail: Mapped[str] = mapped_column(String(1000), default="")
