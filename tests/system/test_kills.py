"""An analyst pulls over ssh while the sync on the host is killed, again and again."""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import pytest

from rig.hosts import Host, HostError
from tests.integration.sync.kills import (
    DESCRIPTION,
    TABLES,
    Seen,
    check_copy,
    met_a_publish,
    version_of_input,
)

from .deploy import Broker

pytestmark = pytest.mark.system

KILLS = 12
PLACE = "/srv/kills"
DATA = f"{PLACE}/data"
INSTANCE = """data_source: {type: csv, path: ../csv}
access_classes: {public: dataread, private: data-private}
"""
SYNC = (
    "systemd-run --quiet --collect --property=User=broker --unit={unit} {more} "
    f"/opt/data-broker/current/venv/bin/broker sync --config {PLACE}/config --data {DATA}"
)
INPUT = f"tee {' '.join(f'{PLACE}/csv/{table}.csv' for table in TABLES)} >/dev/null"


@pytest.fixture
def analyst(deployed: Broker, tmp_path: Path) -> list[str]:
    """The rsync of an analyst of the host: what to type before source and target."""
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    # a shell: the store of this test is none that a transfer is shown
    deployed.play("add_analyst.yml", "-e", "user=kim", "-e", f"key={key}.pub", "-e", "shell=true")
    shell = " ".join(deployed.host.ssh(user="kim", key=key)[:-1])
    return ["rsync", "-a", "-e", shell]


def test_no_kill_shows_an_analyst_a_torn_generation(deployed: Broker, analyst: list[str]) -> None:
    host, seen, stop = deployed.host, Seen(), threading.Event()
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)  # noqa: S311 - a test's dice, not a secret
    _prepare(host)
    began = time.monotonic()
    _sync(host, 0)
    reach, version, killed = time.monotonic() - began, 0, 0
    reader = threading.Thread(target=_pull, args=(analyst, host.name, stop, seen))
    reader.start()
    try:
        while killed < KILLS:
            version += 1
            is_killed = _kill(host, version, after=chance.uniform(0.2, reach))
            killed += is_killed
            reach *= 1.02 if is_killed else 0.9  # a sixth of the runs get through
    finally:
        stop.set()
        reader.join()
    _sync(host, version + 1)
    assert seen.wrong == [], f"seed {seed}"
    assert seen.pulls > 0
    host.run(f"broker verify --all --config {PLACE}/config --data {DATA}")


def _prepare(host: Host) -> None:
    host.run(f"install -d -o broker {PLACE} {PLACE}/config {PLACE}/csv")
    texts = {"config/instance.yaml": INSTANCE, "config/data_description.md": DESCRIPTION}
    for name, text in {**texts, **{f"csv/{table}.csv": "" for table in TABLES}}.items():
        host.run(f"install -m 644 /dev/stdin {PLACE}/{name}", stdin=text)


def _sync(host: Host, version: int) -> None:
    """Sync the input of this version."""
    sync = SYNC.format(unit="whole", more="--wait")
    host.run(f"{INPUT} && {sync}", stdin=version_of_input(version))


def _kill(host: Host, version: int, after: float) -> bool:
    """Start to sync the input of this version, and kill that; whether it still ran by then."""
    unit = f"kills-{version}"
    start = f"{INPUT} && {SYNC.format(unit=unit, more='')}"
    kill = f"sleep {after}; systemctl kill --signal=KILL {unit} 2>/dev/null && echo killed || :"
    return "killed" in host.run(f"{start} && {{ {kill}; }}", stdin=version_of_input(version)).stdout


def _pull(analyst: list[str], name: str, stop: threading.Event, seen: Seen) -> None:
    while not stop.is_set():
        with tempfile.TemporaryDirectory() as copy:
            source = f"{name}:{DATA}/current/views/tree/parquet/"
            done = subprocess.run(
                [*analyst, source, f"{copy}/"], capture_output=True, text=True, check=False
            )
            if met_a_publish(done):
                continue
            if done.returncode:
                seen.wrong.append(f"rsync ended with {done.returncode}: {done.stderr.strip()}")
                return
            try:
                check_copy(Path(copy, "shop"), seen)
            except (OSError, HostError) as error:
                seen.wrong.append(str(error))
            seen.pulls += 1
