"""An analyst pulls over ssh while the sync on the host is killed, again and again."""

from __future__ import annotations

import random
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from tests.hosts import Host, HostError
from tests.integration.sync.kills import (
    DESCRIPTION,
    TABLES,
    Seen,
    check_copy,
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
    "systemd-run --quiet --collect --property=User=broker --unit={unit} "
    f"broker sync --config {PLACE}/config --data {DATA}"
)


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
    _sync(host, 0, "--wait")
    reader = threading.Thread(target=_pull, args=(analyst, host.name, stop, seen))
    reader.start()
    try:
        for version in range(1, KILLS + 1):
            _sync(host, version)
            after = chance.uniform(0.2, 4)
            host.run(f"sleep {after}; systemctl kill --signal=KILL kills-{version}", check=False)
    finally:
        stop.set()
        reader.join()
    _sync(host, KILLS + 1, "--wait")
    assert seen.wrong == [], f"seed {seed}"
    assert seen.pulls > 0
    host.run(f"sudo -u broker broker verify --all --config {PLACE}/config --data {DATA}")


def _prepare(host: Host) -> None:
    host.run(f"install -d -o broker {PLACE} {PLACE}/config {PLACE}/csv")
    for name, text in {"instance.yaml": INSTANCE, "data_description.md": DESCRIPTION}.items():
        host.run(f"cat > {PLACE}/config/{name}", stdin=text)


def _sync(host: Host, version: int, *options: str) -> None:
    """Put the input of this version on the host and start a sync of it."""
    first = f"{PLACE}/csv/{TABLES[0]}.csv"
    host.run(f"cat > {first}", stdin=version_of_input(version))
    for table in TABLES[1:]:
        host.run(f"cp {first} {PLACE}/csv/{table}.csv")
    unit = SYNC.format(unit=f"kills-{version}")
    host.run(unit.replace("systemd-run", f"systemd-run {' '.join(options)}"))


def _pull(analyst: list[str], name: str, stop: threading.Event, seen: Seen) -> None:
    while not stop.is_set():
        with tempfile.TemporaryDirectory() as copy:
            source = f"{name}:{DATA}/current/views/tree/parquet/"
            done = subprocess.run(
                [*analyst, source, f"{copy}/"], capture_output=True, text=True, check=False
            )
            if done.returncode:
                seen.wrong.append(f"rsync ended with {done.returncode}: {done.stderr.strip()}")
                return
            try:
                check_copy(Path(copy, "shop"), seen)
            except (OSError, HostError) as error:
                seen.wrong.append(str(error))
            seen.pulls += 1
