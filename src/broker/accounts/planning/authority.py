"""From the mode that is wanted and the authority that stands to the actions between; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from ..records.certificates import Authority, Certificate, Certificates, Mode
from ..records.host import Observed
from ..records.model import Person
from ..records.paths import HostPaths
from ..records.valid_certificates import render_standing
from .actions import (
    Action,
    MakeAuthority,
    RemoveAuthority,
    WriteCertificates,
    WriteRevocations,
    WriteStanding,
)
from .authority_files import authority_files
from .certificate_rules import revoked_serials, stands
from .goal import is_ours

__all__ = ["ended", "plan_authority"]


def plan_authority(
    mode: Mode | None, observed: Observed, entries: Iterable[Person], paths: HostPaths
) -> Iterator[Action]:
    """What brings the authority to ``mode``, or to the one that the host has without it.

    ``entries`` are the analysts as they will be. The list of certificates comes first, so that a
    key that is made anew finds nothing which the one before signed.
    """
    found = observed.authority
    if mode is not None and mode.hours is None:
        yield from [RemoveAuthority()] if found else []
    else:
        yield from _present(mode, found, _standing(observed, entries), paths)


def ended(observed: Observed, entries: Iterable[Person]) -> tuple[Certificate, ...]:
    """What was issued and does not count any more once the analysts are ``entries``."""
    kept = {one.serial for one in _standing(observed, entries)}
    return tuple(one for one in observed.issued if one.serial not in kept)


def _standing(observed: Observed, entries: Iterable[Person]) -> tuple[Certificate, ...]:
    """None of an account that was re-made by hand is valid."""
    ours = {one.name: one for one in entries if is_ours(one, observed)}
    return tuple(one for one in observed.issued if stands(one, ours.get(one.analyst)))


def _present(
    mode: Mode | None,
    found: Authority | None,
    standing: tuple[Certificate, ...],
    paths: HostPaths,
) -> Iterator[Action]:
    known = found.certificates if found and found.certificates else Certificates()
    hours = known.hours if mode is None or mode.hours is None else mode.hours
    wanted = replace(known, hours=hours, issued=standing)
    wrong = _wrong(found, paths)
    if found is None or found.certificates != wanted or str(paths.certificates) in wrong:
        yield WriteCertificates(wanted)
    anew = found is None or found.fingerprint is None
    if (
        found is None
        or not found.public_key_matches
        or {str(paths.authority), str(paths.authority_public)} & wrong
    ):
        yield MakeAuthority(anew=anew)
    if anew or found is None or _misses(found, standing) or str(paths.standing) in wrong:
        yield WriteStanding(standing)
    revoked = revoked_serials(standing)
    if found is None or found.revoked != revoked or str(paths.revocations) in wrong:
        yield WriteRevocations(revoked)


def _misses(found: Authority, standing: tuple[Certificate, ...]) -> bool:
    return found.standing != render_standing(standing, found.fingerprint or "")


def _wrong(found: Authority | None, paths: HostPaths) -> set[str]:
    nodes = found.nodes if found else {}
    return {
        path for path, wish in authority_files(paths).items() if not wish.accepts(nodes.get(path))
    }
