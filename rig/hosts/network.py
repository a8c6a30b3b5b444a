"""A bridge per run with a subnet of its own, and the way out of it.

Of the outer machine it touches one nftables table of its own per run, and the forwarding switch,
which the last run puts back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from . import places
from .shell import HostError, sh

__all__ = [
    "Network",
    "busy",
    "forget",
    "free_number",
    "put_back_forwarding",
    "take_down",
    "turn_on_forwarding",
    "turn_up",
]

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
_SAVED = places.MACHINE / "ip_forward"


@dataclass(frozen=True)
class Network:
    """Network 7 is bridge ``bh7`` with 10.77.7.0/24; its number is taken machine-wide."""

    number: int

    @property
    def bridge(self) -> str:
        return f"bh{self.number}"

    @property
    def hardware_address(self) -> str:
        """The bridge's own, whatever hosts come and go.

        Without one it has the lowest of its ports': the host of that port leaves, and what the
        others send is lost until they ask again where the gateway is, seen after 107 s.
        """
        return f"02:62:68:00:00:{self.number:02x}"

    @property
    def table(self) -> str:
        return f"broker_hosts_{self.number}"

    @property
    def subnet(self) -> IPv4Network:
        return IPv4Network(f"10.77.{self.number}.0/24")

    @property
    def gateway(self) -> IPv4Address:
        return self.subnet[1]

    def free_address(self, taken: Iterable[str]) -> str:
        """The lowest address that no host has."""
        used = {str(self.gateway), *taken}
        for address in self.subnet.hosts():
            if str(address) not in used:
                return str(address)
        raise HostError(f"no free address in {self.subnet}")


def free_number(used: Iterable[IPv4Network]) -> int:
    """The lowest network that overlaps none of ``used``."""
    networks = list(used)
    for number in range(1, 255):
        if not any(Network(number).subnet.overlaps(network) for network in networks):
            return number
    raise HostError("no free network among 10.77.1.0/24 to 10.77.254.0/24; stop other runs first")


def busy() -> list[IPv4Network]:
    """Networks that this machine has a route to, the default route aside."""
    routes = json.loads(sh("ip", "-json", "-4", "route", "show", "table", "all").stdout)
    return [IPv4Network(r["dst"], strict=False) for r in routes if r["dst"][0].isdigit()]


def turn_up(network: Network) -> None:
    """Make the bridge, forward from it, and let its hosts out under this machine's address."""
    bridge = network.bridge
    sh("ip", "link", "add", bridge, "address", network.hardware_address, "type", "bridge")
    sh("ip", "address", "add", f"{network.gateway}/24", "dev", bridge)
    sh("ip", "link", "set", bridge, "up")
    sh("nft", "-f", "-", stdin=_ruleset(network))
    turn_on_forwarding()


def forget(network: Network, address: str) -> None:
    """Ask anew which host has an address: one that is gone may have had it a moment ago.

    What this machine sends would go to that one until it asks by itself, after half a minute.
    """
    sh("ip", "neighbor", "flush", "to", address, "dev", network.bridge, "nud", "all")


def _ruleset(network: Network) -> str:
    return f"""
    table ip {network.table} {{
      chain postrouting {{
        type nat hook postrouting priority srcnat;
        ip saddr {network.subnet} oifname != "{network.bridge}" masquerade
      }}
    }}
    """


def take_down(network: Network) -> None:
    """Remove what ``turn_up`` made; what is gone already is left out."""
    if Path("/sys/class/net", network.bridge).exists():
        sh("ip", "link", "delete", network.bridge)
    tables = sh("nft", "-json", "list", "tables").stdout
    names = [entry.get("table", {}).get("name") for entry in json.loads(tables)["nftables"]]
    if network.table in names:
        sh("nft", "delete", "table", "ip", network.table)


def turn_on_forwarding() -> None:
    """Let packets through this machine; remembers how the switch stood before the first run."""
    if not _SAVED.exists():
        _SAVED.write_text(_FORWARDING.read_text())
    if _FORWARDING.read_text().strip() != "1":
        _FORWARDING.write_text("1\n")


def put_back_forwarding() -> None:
    """Set the forwarding switch to what the first run found; the last run calls this."""
    if not _SAVED.exists():
        return
    if _SAVED.read_text() != _FORWARDING.read_text():
        _FORWARDING.write_text(_SAVED.read_text())
    _SAVED.unlink()
