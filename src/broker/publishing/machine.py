"""How the machine is: free space, units, and how long certificates are valid."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import BrokerError
from ..hostpaths import DATA, HOMES, LOGS, RELEASES, STATE, TLS_CERTIFICATE
from ..runs import unit_states

__all__ = ["UNITS", "certificates", "disks", "units"]

UNITS = (
    "broker-sync.timer",
    "broker-sync.service",
    "broker-access-prove.timer",
    "broker-access-prove.path",
    "broker-access-prove.service",
    "broker-audit.timer",
    "broker-audit.service",
    "broker-accounts.socket",
    "broker-publishing.socket",
    "broker-portal.socket",
    "broker-portal.service",
    "nginx.service",
    "ssh.service",
    "logrotate.timer",
)
_PLACES = (Path("/"), RELEASES, STATE, LOGS, HOMES, DATA)
_DATES = "%b %d %H:%M:%S %Y GMT"  # of OpenSSL


def units(names: Iterable[str] = UNITS) -> list[dict[str, str]]:
    """What systemd says of the units that a broker may have. Raises ``BrokerError``."""
    return [
        {
            "unit": name,
            "load": unit["LoadState"],
            "active": unit["ActiveState"],
            "sub": unit["SubState"],
            "result": unit["Result"],
            "enabled": unit["UnitFileState"],
        }
        for name, unit in unit_states(names).items()
    ]


def disks(places: Iterable[Path] = _PLACES) -> list[dict[str, Any]]:
    """Each file system once, by the first of its places: bytes, and files that it may still have.

    ``files_free`` is None where the file system has no limit of them.
    """
    found: dict[int, dict[str, Any]] = {}
    for place in places:
        try:
            device, space = place.stat().st_dev, os.statvfs(place)
        except OSError:
            continue  # it is not on every host
        if device not in found:
            found[device] = {
                "path": str(place),
                "bytes": space.f_blocks * space.f_frsize,
                "bytes_free": space.f_bavail * space.f_frsize,
                "files_free": space.f_favail if space.f_files else None,
            }
    return list(found.values())


def certificates(path: Path = TLS_CERTIFICATE) -> list[dict[str, Any]]:
    """The certificate that browsers are shown; none where the host has none.

    Raises ``BrokerError`` for one that cannot be read.
    """
    if not path.exists():
        return []
    line = ["openssl", "x509", "-noout", "-startdate", "-enddate", "-in", os.fspath(path)]
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=True, timeout=10)
        facts = dict(one.split("=", 1) for one in done.stdout.splitlines())
        return [certificate_facts(path, facts)]
    except (OSError, subprocess.SubprocessError, KeyError, ValueError) as error:
        problem = "the certificate cannot be read"
        raise BrokerError(problem, where=str(path), found=type(error).__name__) from error


def certificate_facts(path: Path, facts: Mapping[str, str]) -> dict[str, Any]:
    """What OpenSSL prints of it as plain values. Raises ``KeyError``, ``ValueError``."""
    since, until = (
        datetime.strptime(facts[name], _DATES).replace(tzinfo=UTC)
        for name in ("notBefore", "notAfter")
    )
    return {"path": str(path), "since": since.isoformat(), "until": until.isoformat()}
