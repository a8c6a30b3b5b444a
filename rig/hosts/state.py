"""What is known of a run, as one JSON file that any process may read."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .network import Network
from .processes import Process

__all__ = ["HostState", "RunState", "load", "save"]


@dataclass(frozen=True)
class HostState:
    """A host as it was asked for, with the address it was given."""

    release: int
    address: str
    host_key: str


@dataclass
class RunState:
    """``owner`` is the process the run ends with; a kept run has none."""

    name: str
    number: int
    owner: Process | None
    hosts: dict[str, HostState] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        return Network(self.number)


def load(folder: Path) -> RunState | None:
    """The state in a run's folder; ``None`` when there is none."""
    try:
        raw = json.loads((folder / "state.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    owner = Process(**raw["owner"]) if raw["owner"] else None
    hosts = {name: HostState(**host) for name, host in raw["hosts"].items()}
    return RunState(raw["name"], raw["number"], owner, hosts)


def save(folder: Path, state: RunState) -> None:
    replace_text(folder / "state.json", json.dumps(asdict(state), indent=2) + "\n")


def replace_text(path: Path, text: str) -> None:
    """Write a file in one step: others read it at any moment. The caller holds the lock."""
    partial = path.with_name(f".{path.name}")
    partial.write_text(text)
    partial.rename(path)
