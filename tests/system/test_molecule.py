"""Both Molecule scenarios: syntax, create, check, converge, idempotence, verify, destroy."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from rig.hosts.shell import tail

pytestmark = [pytest.mark.system, pytest.mark.long]

CHECKOUT = Path(__file__).resolve().parents[2]
MOLECULE = Path(sys.executable).with_name("molecule")


@pytest.mark.usefixtures("bootable")
@pytest.mark.parametrize("scenario", ["default", "alternative"])
def test_scenario(scenario: str) -> None:
    ephemeral = CHECKOUT / ".cache" / "molecule" / scenario
    log = ephemeral.with_suffix(".log")
    shutil.rmtree(ephemeral, ignore_errors=True)  # a killed run's state says that hosts stand
    ephemeral.mkdir(parents=True)
    environment = {
        **os.environ,
        "BROKER_HOSTS_OWNER": str(os.getpid()),
        "MOLECULE_COMMAND_BORDERS": "0",
        "MOLECULE_EPHEMERAL_DIRECTORY": str(ephemeral),
        "MOLECULE_GLOB": "tests/molecule/*/molecule.yml",
        "NO_COLOR": "1",
        "PATH": f"{MOLECULE.parent}:{os.environ['PATH']}",
    }
    command = [MOLECULE, "-c", "tests/molecule/config.yml", "test", "--scenario-name", scenario]
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            check=False,
            cwd=CHECKOUT,
            env=environment,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            stdout=output,
        )
    assert done.returncode == 0, f"all of it is in {log}\n{tail(log, 120)}"
