"""What hosts take from the machine they run on, and whether it can boot any."""

from __future__ import annotations

import json
import os
import platform
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from . import places, sources
from .releases import Release
from .shell import sh

__all__ = [
    "apt_sources",
    "can_boot",
    "certificates",
    "environment",
    "has_loop_device",
    "mtu",
    "resolv_conf",
]

_TOOLS = (
    *("mmdebstrap", "systemd-nspawn", "nft", "ip", "ssh", "ssh-keygen", "nsenter", "setsid"),
    *("losetup", "mkfs.ext4"),
)
CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
RESOLV_CONF = Path("/etc/resolv.conf")
UPSTREAM = Path("/run/systemd/resolve/resolv.conf")  # behind the stub of systemd-resolved
_LOCAL_CERTIFICATES = Path("/usr/local/share/ca-certificates")


def can_boot() -> str | None:
    """Why no host can be booted here, in one line; ``None`` when one can."""
    if platform.system() != "Linux":
        return f"hosts boot on Linux only, this is {platform.system()}"
    if os.geteuid() != 0:
        return "hosts boot as root only"
    missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (bin/bootstrap --hosts installs them)"
    if sh("unshare", "--mount", "--pid", "--net", "--fork", "true", check=False).returncode != 0:
        return "this machine does not let us make namespaces"
    return _no_overlay() or _no_network()


def _no_overlay() -> str | None:
    """Try one where hosts would have theirs, and out of everybody's sight."""
    places.root().mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".probe-", dir=places.root()) as folder:
        layers = {name: f"{folder}/{name}" for name in ("lowerdir", "upperdir", "workdir")}
        for layer in layers.values():
            Path(layer).mkdir()
        options = ",".join(f"{name}={layer}" for name, layer in layers.items())
        mount = ("mount", "-t", "overlay", "overlay", "-o", options, folder)
        if sh("unshare", "--mount", *mount, check=False).returncode == 0:
            return None
    return (
        f"no overlay can be mounted in {places.root()}; "
        "set BROKER_HOSTS_DIR to a folder on a real disk (ext4, xfs, btrfs)"
    )


def has_loop_device() -> bool:
    """Whether a file can be mounted as a disk here."""
    return sh("losetup", "--find", check=False).returncode == 0


def _no_network() -> str | None:
    probe = f"bhprobe{os.getpid() % 10**7}"
    made = sh("ip", "link", "add", probe, "type", "bridge", check=False)
    if made.returncode != 0:
        return "this machine does not let us make a network bridge"
    sh("ip", "link", "delete", probe)
    if sh("nft", "list", "tables", check=False).returncode != 0:
        return "this machine does not let us use nftables"
    return None


def apt_sources(release: Release) -> str:
    """The outer machine's Debian mirrors as a ``sources.list`` of ``release``."""
    known = sources.derive(_indexes(), release)
    if not known:
        sh("apt-get", "update", timeout=300)  # apt knows an archive's origin from its lists alone
        known = sources.derive(_indexes(), release)
    return known or sources.derive(sources.PUBLIC, release)


def _indexes() -> str:
    return sh("apt-get", "indextargets", "--format", sources.FORMAT, "Created-By: Packages").stdout


def resolv_conf() -> str:
    """Name servers that a host can reach: a resolver on loopback is this machine's alone."""
    text = RESOLV_CONF.read_text()
    if "nameserver 127." in text and UPSTREAM.exists():
        return UPSTREAM.read_text()
    return text


def certificates() -> list[Path]:
    """Certificates that this machine's owner added to Debian's."""
    return sorted(_LOCAL_CERTIFICATES.rglob("*.crt"))


def environment() -> dict[str, str]:
    """For tools that fetch: a plain path and the proxies, none of this machine's other settings."""
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "LC_ALL": "C.UTF-8", **proxies}


def mtu() -> int:
    """The largest packet that leaves this machine, so that hosts need no path discovery."""
    routes = json.loads(sh("ip", "-json", "route", "show", "default").stdout)
    if not routes:
        return 1500
    link = json.loads(sh("ip", "-json", "link", "show", "dev", routes[0]["dev"]).stdout)
    return min(1500, int(link[0]["mtu"]))
