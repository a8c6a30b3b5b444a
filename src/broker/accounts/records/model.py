"""Who an analyst or an operator is, and what a caller asks about one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ...errors import AccountsError
from .keys import Key, parse_keys
from .names import check_email, check_name, person_in_error

__all__ = [
    "ALL_OTHERS",
    "HomePolicy",
    "Person",
    "Request",
    "Role",
    "parse_request",
]

_State = Literal["present", "absent"]
_Origin = Literal["declared", "registry"]
HomePolicy = Literal["archive", "delete"]
Role = Literal["analyst", "operator"]
ALL_OTHERS = "*"


@dataclass(frozen=True, slots=True)
class Person:
    """One entry of the registry. ``state`` absent means: on the way out, not all of it gone yet.

    An operator holds no class and always has a normal login; with ``sudo`` they may become root.

    ``classes`` are the access classes beyond public, ``declared_classes`` those among them that
    the inventory grants. ``shell`` is a normal login; without it the account can only transfer.
    ``origin`` says whether the inventory declares the person or they were added on the host.
    ``home`` is what leaving does to it.
    """

    name: str
    uid: int
    email: str | None = None
    keys: tuple[Key, ...] = ()
    classes: tuple[str, ...] = ()
    declared_classes: tuple[str, ...] = ()
    shell: bool = False
    state: _State = "present"
    origin: _Origin = "registry"
    home: HomePolicy = "archive"
    role: Role = "analyst"
    sudo: bool = False

    @property
    def where(self) -> str:
        """How an error names this person."""
        return person_in_error(self.name, self.role)

    @property
    def is_operator(self) -> bool:
        """Whether this person looks after the broker, and pulls nothing."""
        return self.role == "operator"

    @property
    def open_blobs(self) -> frozenset[bytes]:
        """The keys that may open the account, those that end at a time among them."""
        return frozenset(key.blob for key in self.keys if not key.revoked)

    @property
    def rights(self) -> dict[str, Any]:
        """As plain values: those of an operator, or of an analyst."""
        if self.is_operator:
            return {"sudo": self.sudo}
        return {
            "classes": list(self.classes),
            "declared_classes": list(self.declared_classes),
            "shell": self.shell,
        }

    @property
    def private(self) -> bool:
        """Whether this person reads private data."""
        return "private" in self.classes


@dataclass(frozen=True, slots=True)
class Request:
    """What a caller wants of one analyst; None leaves a thing as it is on the host.

    ``keys`` and ``classes`` are the whole list of the request's origin: those that the inventory
    declares and those that were added on the way stand beside each other, and neither side takes
    away what is the other's. ``grant``, ``revoke``, ``added`` and ``retired`` change single ones.
    ``retired`` holds labels of keys (or ``*`` for all but those added), which end at ``until``,
    or at once without it. Of origin ``declared``, None for keys, classes or sudo means none.
    """

    name: str
    email: str | None = None
    keys: tuple[Key, ...] | None = None
    classes: tuple[str, ...] | None = None
    grant: tuple[str, ...] = ()
    revoke: tuple[str, ...] = ()
    added: tuple[Key, ...] = ()
    retired: tuple[str, ...] = ()
    until: str | None = None
    shell: bool | None = None
    known: bool = False
    """Refuse the request unless the person exists."""
    new: bool = False
    """Refuse the request if it would change a person who exists."""
    uid: int | None = None
    """Refuse the request if the name belongs to an account with another number by now."""
    state: _State = "present"
    origin: _Origin = "registry"
    home: HomePolicy = "archive"
    role: Role = "analyst"
    sudo: bool | None = None

    @property
    def where(self) -> str:
        """How an error names the person it is about."""
        return person_in_error(self.name, self.role)


def parse_request(  # noqa: PLR0913 - one keyword for each thing that a person may say
    name: str,
    *,
    email: str | None = None,
    keys: Sequence[str | Mapping[str, Any]] | None = None,
    private: bool | None = None,
    classes: Iterable[str] | None = None,
    grant: Iterable[str] = (),
    revoke: Iterable[str] = (),
    shell: bool | None = None,
    state: _State = "present",
    origin: _Origin = "registry",
    home: HomePolicy = "archive",
    known: bool = False,
    role: Role = "analyst",
    sudo: bool | None = None,
) -> Request:
    """A request from raw text, checked as far as no host is needed. Raises ``AccountsError``."""
    where = person_in_error(check_name(name, role), role)
    _refuse_mixed_roles(
        role, where, sudo=sudo, of_an_analyst=(classes, private, shell, grant, revoke)
    )
    if keys is not None and not keys and state == "present":
        raise AccountsError(
            "the list of keys is empty, so no login would be possible",
            where=where,
            remedy="Give at least one key, leave the list out to keep them, or remove the account.",
        )
    listed = None if classes is None else tuple(sorted(set(classes)))
    if listed is not None and private is not None and private != ("private" in listed):
        raise AccountsError(
            "private and classes contradict each other", where=where, remedy="Give only classes."
        )
    granted, revoked = set(grant), set(revoke)
    if private is not None and listed is None:
        (granted if private else revoked).add("private")
    if granted & revoked:
        raise AccountsError(
            f"the class {min(granted & revoked)} is granted and revoked at once", where=where
        )
    return Request(
        name=name,
        email=check_email(email, where=where) if email else None,
        keys=parse_keys(keys, where=where) if keys is not None else None,
        classes=listed,
        grant=tuple(sorted(granted)),
        revoke=tuple(sorted(revoked)),
        shell=shell,
        state=state,
        origin=origin,
        home=home,
        known=known,
        role=role,
        sudo=sudo,
    )


def _refuse_mixed_roles(
    role: Role, where: str, *, sudo: bool | None, of_an_analyst: Iterable[Any]
) -> None:
    if role == "analyst" and sudo is not None:
        raise AccountsError(
            "an analyst never becomes root",
            where=where,
            remedy="Leave sudo out, or make an operator: broker_operators, or add-admin.",
        )
    if role == "operator" and any(value not in (None, (), []) for value in of_an_analyst):
        raise AccountsError(
            "an operator holds no access class and always has a shell",
            where=where,
            expected="name, email, key or keys, sudo, state",
            remedy="A person who also pulls data needs a second account, as an analyst.",
        )
