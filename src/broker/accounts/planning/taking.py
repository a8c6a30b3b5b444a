"""Which actions take rights. Those are done although a disk is full; pure."""

from __future__ import annotations

from .actions import (
    Action,
    AllowSudo,
    ChangeAccount,
    ClearOutside,
    DropBits,
    EndProcesses,
    RemoveAccount,
    RemoveKeyFile,
    WriteKeys,
    WriteRevocations,
    WriteValidCertificates,
)

__all__ = ["takes"]


def takes(action: Action) -> bool:
    """Whether an action takes rights and gives none, so that it may follow one that failed."""
    match action:
        case RemoveKeyFile() | EndProcesses() | RemoveAccount() | DropBits() | ClearOutside():
            return True
        case WriteRevocations() | WriteValidCertificates():
            return True
        case AllowSudo(allowed):
            return not allowed
        case WriteKeys(_, _, ending):
            return ending
        case ChangeAccount(found, wanted):
            shut = wanted.expired and not found.expired
            return shut or (wanted.groups < found.groups and wanted.expired == found.expired)
        case _:
            return False
