"""From the mode that is wanted and the authority that stands to the actions between; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..records.certificates import Authority, Certificate, Certificates, Mode
from ..records.host import Observed
from ..records.model import Person
from ..records.paths import HostPaths
from ..records.valid_certificates import render_valid
from .actions import (
    Action,
    MakeAuthority,
    RemoveAuthority,
    WriteCertificates,
    WriteRevocations,
    WriteValidCertificates,
)
from .authority_files import authority_files
from .certificate_rules import is_valid, revoked_serials, wanted_hours
from .goal import is_ours

__all__ = ["ended", "plan_authority"]


def plan_authority(
    mode: Mode | None, observed: Observed, entries: Iterable[Person], layout: HostPaths
) -> Iterator[Action]:
    """What brings the authority to ``mode``, or to the one that the host has without it.

    ``entries`` are the analysts as they will be. The list of certificates comes first, so that a
    key that is made anew finds nothing which the one before signed.
    """
    found = observed.authority
    if mode is not None and mode.hours is None:
        yield from [RemoveAuthority()] if found else []
    else:
        yield from _present(mode, found, _valid(observed, entries), layout)


def ended(observed: Observed, entries: Iterable[Person]) -> tuple[Certificate, ...]:
    """What was issued and does not count any more once the analysts are ``entries``."""
    kept = {one.serial for one in _valid(observed, entries)}
    return tuple(one for one in observed.issued if one.serial not in kept)


def _valid(observed: Observed, entries: Iterable[Person]) -> tuple[Certificate, ...]:
    """None of an account that was re-made by hand is valid."""
    ours = {one.name: one for one in entries if is_ours(one, observed)}
    return tuple(one for one in observed.issued if is_valid(one, ours.get(one.analyst)))


def _present(
    mode: Mode | None,
    found: Authority | None,
    valid: tuple[Certificate, ...],
    layout: HostPaths,
) -> Iterator[Action]:
    known = found.certificates if found and found.certificates else Certificates()
    hours = wanted_hours(mode, known)
    wanted = replace(known, hours=hours, issued=valid)
    wrong = _wrong(found, layout)
    if found is None or found.certificates != wanted or str(layout.certificates) in wrong:
        yield WriteCertificates(wanted)
    anew = found is None or found.fingerprint is None
    if (
        found is None
        or not found.public_key_matches
        or {str(layout.authority), str(layout.authority_public)} & wrong
    ):
        yield MakeAuthority(anew=anew)
    if anew or found is None or _misses(found, valid) or str(layout.valid_certificates) in wrong:
        yield WriteValidCertificates(valid)
    revoked = revoked_serials(valid)
    if found is None or found.revoked != revoked or str(layout.revocations) in wrong:
        yield WriteRevocations(revoked)


def _misses(found: Authority, valid: tuple[Certificate, ...]) -> bool:
    return found.valid != render_valid(valid, found.fingerprint or "")


def _wrong(found: Authority | None, layout: HostPaths) -> set[str]:
    nodes = found.nodes if found else {}
    return {
        path for path, wish in authority_files(layout).items() if not wish.accepts(nodes.get(path))
    }
