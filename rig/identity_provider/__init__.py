"""A certified OpenID Connect provider (oidc-provider of npm) with made-up people, on loopback.

It is installed on first use, locked in ``package-lock.json`` beside this, and runs with a node of
its own. A page of it asks who a visitor is, and takes their word for it.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rig.node import NodeError, locked_packages, node

__all__ = ["PEOPLE", "ProviderError", "ProviderProcess", "handed_on"]

HERE = Path(__file__).parent
END_SECONDS = 10
_LISTENS = re.compile(r"listens on (http:\S+)")

# By subject, the claims of each.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "1001": {
        "name": "Ann Lee",
        "email": "ann@example.com",
        "email_verified": True,
        "hd": "example.com",
    },
    "1002": {
        "name": "Boss",
        "email": "boss@example.com",
        "email_verified": True,
        "hd": "example.com",
    },
    "1003": {"name": "Guest", "email": "guest@outside.com", "email_verified": True},
    "1004": {"name": "Stranger", "email": "stranger@elsewhere.com", "email_verified": True},
    "1005": {"name": "Unverified", "email": "eva@example.com", "email_verified": False},
}

# A host's loopback, handed on to the machine on which the provider runs.
_HAND_ON = """
if systemctl is-active --quiet demo-provider.socket demo-provider.service; then
  systemctl stop demo-provider.socket demo-provider.service
fi
cat >/etc/systemd/system/demo-provider.socket <<'END'
[Socket]
ListenStream=127.0.0.1:{port}
[Install]
WantedBy=sockets.target
END
cat >/etc/systemd/system/demo-provider.service <<'END'
[Service]
ExecStart=/usr/lib/systemd/systemd-socket-proxyd {gateway}:{port}
DynamicUser=yes
END
systemctl daemon-reload
systemctl enable --now demo-provider.socket
"""


def handed_on(issuer: str, gateway: str) -> str:
    """The script by which root of a host lets the issuer be this provider there, too.

    ``gateway`` is the address of this machine that the host reaches, one of ``beside``.
    """
    return _HAND_ON.format(port=issuer.rpartition(":")[2], gateway=gateway)


class ProviderError(Exception):
    """It could not be installed or started; the text says why."""


class ProviderProcess:
    """The provider, running until it is stopped."""

    def __init__(
        self,
        redirect_uris: Sequence[str],
        *,
        client_id: str = "portal",
        client_secret: str,
        people: Mapping[str, Mapping[str, Any]] = PEOPLE,
        port: int = 0,
        beside: Sequence[str] = (),
    ) -> None:
        """Start it on a port (0: a free one), for one client, and wait until it listens.

        ``beside`` are further addresses of this machine with the same port.
        """
        client = {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uris": [*redirect_uris],
        }
        self._settings = {"people": people, "clients": [client], "port": port}
        self._settings["beside"] = [*beside]
        self.start()

    def start(self) -> None:
        """Start it, with a new key; on the port of before, where it was stopped."""
        try:
            packages, program = locked_packages(HERE, "identity_provider"), node()
        except (NodeError, RuntimeError) as error:
            raise ProviderError(str(error)) from error
        self._process = subprocess.Popen(
            [str(program), str(HERE / "provider.mjs"), str(packages)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.issuer = self._address()
        self._settings["port"] = int(self.issuer.rpartition(":")[2])

    def _address(self) -> str:
        to_it, from_it = self._process.stdin, self._process.stdout
        if to_it is None or from_it is None:
            raise ProviderError("it has no pipes")
        to_it.write(json.dumps(self._settings))
        to_it.close()
        output = []
        for line in from_it:
            output.append(line)
            if match := _LISTENS.search(line):
                return match[1]
        self.stop()
        raise ProviderError("".join(output)[-500:])

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
