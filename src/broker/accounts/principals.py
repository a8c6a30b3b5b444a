"""``broker-principals``: sshd's ``AuthorizedPrincipalsCommand``.

sshd runs it for each certificate of an analyst and takes the certificate only if one of its
principals is printed. Whatever goes wrong prints nothing, which refuses the login.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from .records.paths import HostPaths
from .records.valid_certificates import accepts

__all__ = ["main", "principal"]


def principal(
    name: str, serial: str, fingerprint: str, authority: str, layout: HostPaths, now: datetime
) -> str | None:
    """The principal that opens the account ``name`` with this certificate; None for no session.

    The account needs a key file besides, so removing that file ends certificates, too.
    """
    try:
        valid = layout.at(layout.valid_certificates).read_text(encoding="utf-8")
    except OSError:
        return None
    named = name not in ("", ".", "..") and "/" not in name
    if not named or not layout.at(layout.keys).joinpath(name).is_file():
        return None
    return name if accepts(valid, name, serial, fingerprint, authority, now) else None


def main() -> None:
    """The words are those that ``50-data-broker.conf`` gives: ``%u %s %f %F``."""
    if len(sys.argv) != 5:
        sys.exit("usage: broker-principals ACCOUNT SERIAL FINGERPRINT AUTHORITY")
    name, serial, fingerprint, authority = sys.argv[1:]
    found = principal(name, serial, fingerprint, authority, HostPaths(), datetime.now(UTC))
    if found is None:
        sys.exit(1)
    sys.stdout.write(f"{found}\n")
