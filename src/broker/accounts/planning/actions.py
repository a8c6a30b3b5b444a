"""What can be done to a host, as data. Each action may be repeated, and cut off, without harm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..records.certificates import Certificate, Certificates, Ranges
from ..records.classes import Classes
from ..records.host import HostUser
from ..records.model import HomePolicy
from ..records.node import Node
from ..records.registry import Registry

__all__ = [
    "Action",
    "AddAccounts",
    "AllowSudo",
    "ChangeAccount",
    "ClearHome",
    "ClearOutside",
    "DropBits",
    "EndProcesses",
    "ExposeViews",
    "MakeAuthority",
    "MakePlaces",
    "MaskManagers",
    "MendHome",
    "PlaceLimits",
    "RemoveAccount",
    "RemoveAuthority",
    "RemoveKeyFile",
    "StoreHome",
    "StrikeOut",
    "WriteCertificates",
    "WriteClasses",
    "WriteKeys",
    "WriteRegistry",
    "WriteRevocations",
    "WriteValidCertificates",
]


@dataclass(frozen=True, slots=True)
class MakePlaces:
    """Make the product's own folders, or mend their owner and mode."""

    nodes: Mapping[str, Node]

    def __str__(self) -> str:
        return f"make or mend {', '.join(self.nodes)}"


@dataclass(frozen=True, slots=True)
class WriteClasses:
    """Replace the list of access classes."""

    classes: Classes

    def __str__(self) -> str:
        return "write the list of access classes"


@dataclass(frozen=True, slots=True)
class WriteRegistry:
    """Replace the list of people; ``taking`` says that it gives no rights, only takes some."""

    registry: Registry
    taking: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return "write the list of analysts"


@dataclass(frozen=True, slots=True)
class StrikeOut:
    """Write the list of people without those who have left; the last step of leaving.

    ``registry`` still holds them, for the case that the home of one could not be stored.
    """

    registry: Registry
    names: frozenset[str]

    def __str__(self) -> str:
        return "write the list of analysts"


@dataclass(frozen=True, slots=True)
class AddAccounts:
    """Make groups and accounts that do not exist; all of them in one call of one tool."""

    groups: tuple[str, ...]
    users: tuple[HostUser, ...]

    def __str__(self) -> str:
        parts = [f"group {name}" for name in self.groups]
        parts += [f"account {user.name}" for user in self.users]
        return f"make {', '.join(parts)}"


@dataclass(frozen=True, slots=True)
class ChangeAccount:
    """Give an account that exists the properties that it lost or never had."""

    found: HostUser
    wanted: HostUser

    def __str__(self) -> str:
        return f"mend the account {self.wanted.name}"


@dataclass(frozen=True, slots=True)
class ExposeViews:
    """Let the publisher build the views of these sets of classes, which an analyst now holds."""

    audiences: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        return f"expose {', '.join('+'.join(names) for names in self.audiences)}"


@dataclass(frozen=True, slots=True)
class MendHome:
    """Make or mend what is missing or wrong in a home; ``extra`` are links that must go."""

    name: str
    uid: int
    nodes: Mapping[str, Node]
    extra: tuple[str, ...] = ()

    def __str__(self) -> str:
        paths = ", ".join(path or "itself" for path in (*self.nodes, *self.extra))
        return f"mend the home of {self.name}: {paths}"


@dataclass(frozen=True, slots=True)
class PlaceLimits:
    """Let systemd limit the slices of these uids as those of analysts, or no longer."""

    added: tuple[int, ...]
    removed: tuple[int, ...]

    def __str__(self) -> str:
        parts = [f"limit what uid {uid} takes" for uid in self.added]
        parts += [f"forget the limits of uid {uid}" for uid in self.removed]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class MaskManagers:
    """Let systemd start no manager of user units for these uids, or start one again."""

    added: tuple[int, ...]
    removed: tuple[int, ...]

    def __str__(self) -> str:
        parts = [f"allow uid {uid} no user units" for uid in self.added]
        parts += [f"allow uid {uid} user units again" for uid in self.removed]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class WriteKeys:
    """Replace the key file of one person.

    ``ending`` marks it: what the keys that are gone opened is still to be ended.
    """

    name: str
    text: str
    ending: bool = False

    def __str__(self) -> str:
        return f"write the keys of {self.name}"


@dataclass(frozen=True, slots=True)
class AllowSudo:
    """Let sudo take the operators who may become root, or forget that it did."""

    allowed: bool

    def __str__(self) -> str:
        return f"{'write' if self.allowed else 'remove'} the rule of sudo"


@dataclass(frozen=True, slots=True)
class RemoveKeyFile:
    """Remove an entry of the key folder."""

    name: str

    def __str__(self) -> str:
        return f"remove the key file {self.name}"


@dataclass(frozen=True, slots=True)
class EndProcesses:
    """End all that runs under a uid, so that no session keeps rights or a key that were taken."""

    name: str
    uid: int

    def __str__(self) -> str:
        return f"end the processes of {self.name}"


@dataclass(frozen=True, slots=True)
class DropBits:
    """Take the setuid and setgid bits from every file of these uids, wherever one can stand."""

    uids: tuple[int, ...]

    def __str__(self) -> str:
        return f"take setuid and setgid bits from files of uid {', '.join(map(str, self.uids))}"


@dataclass(frozen=True, slots=True)
class ClearOutside:
    """Remove what these people left outside their homes: temporary files, shared memory, queues.

    Schedules and mail go where the home goes: into the archive, or nowhere.
    """

    people: tuple[tuple[str, int, HomePolicy], ...]

    def __str__(self) -> str:
        return f"remove what {', '.join(name for name, _, _ in self.people)} left outside the home"


@dataclass(frozen=True, slots=True)
class ClearHome:
    """Move everything in a home but ``user/`` into the archive."""

    name: str
    uid: int

    def __str__(self) -> str:
        return f"archive all but user/ of the home of {self.name}"


@dataclass(frozen=True, slots=True)
class StoreHome:
    """Move a home into the archive, or delete it."""

    name: str
    uid: int
    policy: HomePolicy

    def __str__(self) -> str:
        return f"{self.policy} the home of {self.name}"


@dataclass(frozen=True, slots=True)
class RemoveAccount:
    """Remove an account, or what a cut-off removal left of it: the group alone."""

    name: str
    user: bool
    group: bool

    def __str__(self) -> str:
        return f"remove the account {self.name}"


@dataclass(frozen=True, slots=True)
class MakeAuthority:
    """Tell sshd the public key of the certificate authority, after making ``anew`` its pair."""

    anew: bool

    def __str__(self) -> str:
        return f"{'make' if self.anew else 'mend'} the certificate authority"


@dataclass(frozen=True, slots=True)
class WriteCertificates:
    """Replace the list of certificates."""

    certificates: Certificates

    def __str__(self) -> str:
        return "write the list of certificates"


@dataclass(frozen=True, slots=True)
class WriteRevocations:
    """Replace the revocation list that sshd reads."""

    serials: Ranges

    def __str__(self) -> str:
        return "write the revocation list"


@dataclass(frozen=True, slots=True)
class WriteValidCertificates:
    """Replace the list of certificates that open a session."""

    certificates: tuple[Certificate, ...]

    def __str__(self) -> str:
        return "write the list of certificates that open a session"


@dataclass(frozen=True, slots=True)
class RemoveAuthority:
    """Remove the certificate authority and all that it knows."""

    def __str__(self) -> str:
        return "remove the certificate authority"


Action = (
    MakePlaces
    | MakeAuthority
    | WriteCertificates
    | WriteRevocations
    | WriteValidCertificates
    | RemoveAuthority
    | WriteClasses
    | WriteRegistry
    | AddAccounts
    | AllowSudo
    | ChangeAccount
    | MendHome
    | PlaceLimits
    | MaskManagers
    | WriteKeys
    | RemoveKeyFile
    | EndProcesses
    | ExposeViews
    | DropBits
    | ClearOutside
    | ClearHome
    | StoreHome
    | RemoveAccount
    | StrikeOut
)
