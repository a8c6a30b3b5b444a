"""Where this library keeps things.

``BROKER_HOSTS_DIR`` (default: ``.cache/hosts`` in the checkout) holds bases, images, downloads and
runs.
``/run/data-broker-hosts`` knows the runs of every checkout of this machine: their subnets must
differ, and the last of them puts packet forwarding back as it was.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["MACHINE", "bases", "images", "packages", "root", "runs", "uses"]

MACHINE = Path("/run/data-broker-hosts")
_CHECKOUT = Path(__file__).resolve().parents[2]


def root() -> Path:
    chosen = os.environ.get("BROKER_HOSTS_DIR")
    return Path(chosen).resolve() if chosen else _CHECKOUT / ".cache" / "hosts"


def bases() -> Path:
    return root() / "bases"


def images() -> Path:
    return root() / "images"


def packages() -> Path:
    return root() / "packages"


def runs() -> Path:
    return root() / "runs"


def uses() -> dict[str, Path]:
    """The folders that take space, by what they hold."""
    return {"bases": bases(), "images": images(), "downloads": packages(), "runs": runs()}
