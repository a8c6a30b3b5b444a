"""A fresh Debian with its own Python and pip, on a day when every package has a newer release."""

from __future__ import annotations

import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.hosts import RELEASES, Host, Run
from rig.hosts.image import ensure
from tests.integration.install.index import serving, wheel

pytestmark = [pytest.mark.system, pytest.mark.long]

ROOT = Path(__file__).resolve().parents[2]
NEWER = "9999.0"
PREPARE = "apt-get -q update; apt-get -q -y install --no-install-recommends git make python3-venv"


@pytest.fixture(params=RELEASES, ids=str)
def fresh(hosts_run: Run, request: pytest.FixtureRequest) -> Iterator[Host]:
    """What README asks for: git, make and Debian's own Python."""
    image = ensure(hosts_run, "fresh", request.param, key=PREPARE, prepare=prepare)
    name = f"fresh-{uuid.uuid4().hex[:8]}"
    yield hosts_run.boot(name, request.param, disks=image.disks)
    hosts_run.remove(name)


def prepare(host: Host) -> None:
    host.exec("sh", "-ec", PREPARE, timeout=300)


def locked_names() -> set[str]:
    """Every package that some lock names."""
    texts = [path.read_text() for path in (ROOT / "requirements").glob("*.txt")]
    return {name for text in texts for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.M)}


def checkout(host: Host) -> None:
    """This tree as ``git clone`` would bring it."""
    target = host.root / "root/checkout"
    names = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split("\0")
    for name in filter(None, names):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name, follow_symlinks=False)


def test_bootstrap_takes_what_is_locked_although_all_of_it_has_newer_releases(
    fresh: Host, hosts_run: Run, tmp_path: Path
) -> None:
    checkout(fresh)
    for name in locked_names():
        wheel(tmp_path, name, NEWER)
    gateway = str(hosts_run.network().gateway)
    with serving(tmp_path, gateway) as address:
        settings = f"export PIP_EXTRA_INDEX_URL={address} PIP_TRUSTED_HOST={gateway}; "
        ready = f"{settings} cd /root/checkout && PIP_NO_COMPILE=1 bin/bootstrap 2>&1"
        output = fresh.run(ready, timeout=900).stdout
        tempting = f"{settings} /root/checkout/.venv/bin/pip index versions idna 2>/dev/null"
        assert NEWER in fresh.run(tempting).stdout, "a resolver would have taken the newer release"
    assert [line for line in output.splitlines() if "making .venv from" not in line] == []
    listed = fresh.run("cd /root/checkout && .venv/bin/pip list --format=freeze").stdout
    assert "duckdb==" in listed
    pip, *_ = (ROOT / "requirements/pip.txt").read_text().split()
    assert pip in listed.splitlines(), "whatever pip this Debian has"
    assert NEWER not in listed
    shown = fresh.run("cd /root/checkout && .venv/bin/broker --version && make --silent help")
    assert shown.stdout.startswith("broker 0.")
    assert fresh.run("cd /root/checkout && bin/bootstrap 2>&1").stdout == ""


@pytest.fixture
def bare(hosts_run: Run) -> Iterator[Host]:
    """A Debian with its own Python and nothing else of what is needed."""
    name = f"bare-{uuid.uuid4().hex[:8]}"
    yield hosts_run.boot(name)
    hosts_run.remove(name)


def test_what_bootstrap_lacks_is_one_sentence_and_never_a_page(bare: Host) -> None:
    checkout(bare)
    ready = "cd /root/checkout && unshare --net bin/bootstrap 2>&1"
    offline = bare.run(ready, check=False)
    assert offline.returncode == 1
    *_, last = offline.stdout.splitlines()
    assert last.startswith("bootstrap: Debian's packages cannot be installed: ")
    assert "Check the network" in last
    assert len(offline.stdout.splitlines()) <= 3, offline.stdout

    bare.run("apt-get -q update && apt-get -q -y install --no-install-recommends python3-venv")
    offline = bare.run(f"{ready.replace('unshare', 'PIP_RETRIES=1 unshare')}", check=False)
    assert offline.returncode == 1
    *_, last = offline.stdout.splitlines()
    assert ".venv cannot be made: the package index cannot be reached. Check the network" in last
    assert len(offline.stdout.splitlines()) <= 2, offline.stdout
