"""Issues a certificate to an analyst; the second entry point beside ``converge``."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from ..audit import Change, recording
from ..errors import AccountsError
from ..hostpaths import AUDIT_LOG
from .debian.apply import apply
from .debian.host import Host
from .debian.keygen import sign
from .debian.observe import observe
from .manage import alone, converge
from .planning.actions import WriteCertificates, WriteRevocations, WriteValidCertificates
from .planning.certificate_rules import draft, live, revoked_serials
from .planning.describe_certificates import certificate_facts
from .planning.goal import present_analyst
from .records.certificates import Certificate, Certificates
from .records.host import Observed
from .records.model import Person
from .records.names import check_name

__all__ = ["issue_certificate"]


def issue_certificate(
    name: str,
    host: Host,
    *,
    label: str | None = None,
    uid: int | None = None,
    now: datetime | None = None,
) -> Certificate:
    """Sign for one key of an analyst (by its name, fingerprint or comment), and remember it.

    Raises ``AccountsError`` for a name that is not an analyst's, or not that of the account with
    the number ``uid`` (None is any), for a key that is not valid, and where certificates are
    switched off; ``BrokerError`` for what the host refused.
    """
    layout = host.layout
    converge((), host)  # what drifted, the authority among it, is mended first
    with alone(layout):
        observed = observe(host, [check_name(name)])
        known = _certificates(observed)
        moment = now or datetime.now(UTC)
        certificate, key = draft(_analyst(name, observed, uid), label, known, moment)
        changes = [Change("analyst.certificate", name, certificate_facts(certificate))]
        with recording(changes, layout.at(AUDIT_LOG)):
            line = sign(layout.at(layout.authority), certificate, key, layout.transport)
            certificate = replace(certificate, line=line)
            issued = (*live(known.issued, moment), certificate)
            after = replace(known, last_serial=certificate.serial, issued=issued)
            revoked = WriteRevocations(revoked_serials(issued))
            actions = (WriteCertificates(after), revoked, WriteValidCertificates(issued))
            apply(actions, host, giving=True)
    return certificate


def _certificates(observed: Observed) -> Certificates:
    found = observed.authority
    if found is None or found.certificates is None:
        raise AccountsError(
            "this host issues no certificates: registered keys open a session themselves",
            remedy="To change that, set broker_ssh_certificates: true and run site.yml.",
        )
    return found.certificates


def _analyst(name: str, observed: Observed, uid: int | None) -> Person:
    entry = observed.registry.by_name().get(name)
    if entry is not None and entry.is_operator:
        raise AccountsError(
            "an operator enters with the key alone, and needs no certificate",
            where=entry.where,
        )
    return present_analyst(name, observed, uid)
