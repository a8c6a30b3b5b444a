"""A laptop and a broker, both booted, and what can go wrong between them.

After each fault the data are those that were signed, the exit code is true, and nothing of the
analyst's is lost; the next sync is whole. ``make torture`` tries many more points.
"""

from __future__ import annotations

import os
import random
import shlex
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rig.hosts import DEFAULT, Host, Run
from rig.hosts.link import slow_link
from tests.integration.laptop import stopping
from tests.system.laptop.laptops import (
    ANALYST,
    STORE,
    AnalystFolder,
    add_analyst,
    boot_laptop,
    publish,
)

from ..deploy import pristine

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("laptop-faults")]

IS_LONG = bool(os.environ.get("BROKER_TORTURE"))
KILLS, FULL, CUTS = (100, 20, 10) if IS_LONG else (6, 2, 4)
MANY_TABLES = 20 if IS_LONG else 1
DAYS = 1_000
MANY = "".join(
    f"  - {{id: shop.t{number}, file: many.csv, primary_key: id, partition_by: day, "
    "partition_granularity: day}\n"
    for number in range(MANY_TABLES)
)
TABLES = """\
  - id: shop.orders
    primary_key: id
    partition_by: day
    sync_strategy: incremental
    incremental_window_days: 100000
    types: {id: BIGINT, day: DATE, note: VARCHAR}
  - {id: shop.blob, types: {word: VARCHAR}}
"""
NOTES = "user/scripts/notes.sql"
TREE = f"{STORE}/current/views/tree"
SCRIPTS = "/data/scripts"
STOPPING = "/opt/stopping.py"
FLIP = """
import pathlib, sys
place = pathlib.Path(sys.argv[1]).resolve()
content = bytearray(place.read_bytes())
# A digit becomes another one, so that a list is read and its signature decides.
at = next(at for at in range(len(content) // 2, len(content)) if content[at] in b"0123456789")
content[at] ^= 1
with place.open("r+b") as stream:
    stream.write(content)
"""
RESIGN = f"""
cd /run && rm -f other other.pub
ssh-keygen -q -t ed25519 -N '' -f other
cp -a {TREE}/manifest.json.sig kept.sig
ssh-keygen -q -Y sign -f other -n data-broker <{TREE}/manifest.json >forged.sig
cat forged.sig >{TREE}/manifest.json.sig
"""
OTHER_HOST_KEY = """
mkdir -p /run/kept && mv /etc/ssh/ssh_host_* /run/kept/
ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
systemctl restart ssh
"""
OWN_HOST_KEY = "rm /etc/ssh/ssh_host_*; mv /run/kept/ssh_host_* /etc/ssh/; systemctl restart ssh"


@dataclass
class Pair:
    """Both hosts. ``kept`` is a folder whose next sync replays one table and fetches another."""

    broker: Host
    laptop: Host
    kept: AnalystFolder
    version: int = 0
    newest: str = ""
    rows: dict[str, int] = field(default_factory=dict)  # of ``orders``, by generation

    def publish(self) -> str:
        """The next version of both tables; ``orders`` has one row more than in the one before."""
        self.version += 1
        rows = [f"{key},2026-0{1 + key % 6}-01,note {key}" for key in range(600 + self.version)]
        rows[7] += f" of version {self.version}"
        chance = random.Random(self.version)  # noqa: S311  repeatable, not secret
        words = [chance.randbytes(40).hex() for _ in range(50_000)]
        files = {
            "orders.csv": "\n".join(["id,day,note", *rows]) + "\n",
            "blob.csv": "\n".join(["word", *words]) + "\n",
        }
        self.newest = publish(self.broker, TABLES, files)
        self.rows[self.newest] = len(rows)
        return self.newest

    def fall_behind(self) -> None:
        """Let ``kept`` be one generation behind: the sync in between is whole."""
        ended = self.kept.sync("--json")
        assert ended.code == 0, ended.errors
        self.publish()

    def check(self, folder: AnalystFolder) -> None:
        """After a fault, and after the next sync."""
        assert folder.is_as_signed()
        has = self.rows[folder.generation()]
        assert folder.rows("orders") in (has, self.rows[self.kept.generation()])
        assert (folder.outside / NOTES).read_text() == "SELECT 1;\n"
        ended = folder.sync("--json")
        assert (ended.code, ended.errors) == (0, "")
        assert folder.generation() == self.newest
        assert folder.is_as_signed()
        assert folder.rows("orders") == self.rows[self.newest]
        assert (folder.outside / NOTES).read_text() == "SELECT 1;\n"
        for name in ("parquet", "docs", "metadata"):
            assert str((folder.outside / "server" / name).readlink()) == f"current/{name}"


@pytest.fixture(scope="module")
def pair(hosts_run: Run) -> Iterator[Pair]:
    """A deployed broker and a laptop after its first contact."""
    laptop = boot_laptop(hosts_run, f"laptop-{uuid.uuid4().hex[:8]}")
    with pristine(hosts_run, DEFAULT) as deployed:
        broker = deployed.host
        made = Pair(broker, laptop, AnalystFolder(laptop))
        line = add_analyst(broker, laptop)
        made.publish()
        ended = made.kept.first_contact(line)
        assert ended.code == 0, ended.errors
        (made.kept.outside / NOTES).parent.mkdir(parents=True, exist_ok=True)
        (made.kept.outside / NOTES).write_text("SELECT 1;\n")
        script = Path(stopping.__file__).read_text()
        (laptop.root / STOPPING.removeprefix("/")).write_text(script)
        yield made
    hosts_run.remove(laptop.name)


@pytest.fixture
def folder(pair: Pair) -> Iterator[AnalystFolder]:
    """A folder of the test's own, one generation behind."""
    if pair.kept.generation() != _one_before_the_newest(pair):
        pair.fall_behind()
    made = pair.kept.copy("mine")
    yield made
    made.remove()


def _one_before_the_newest(pair: Pair) -> str | None:
    found = pair.broker.exec("ls", f"{STORE}/generations").stdout.split()
    return sorted(found)[-2] if len(found) > 1 else None


def stopped(folder: AnalystFolder, point: int, filler: str = "") -> tuple[int, str]:
    """A sync with a fault before this change of the disk: its code, and of what it complains."""
    line = ["setsid", "--wait", folder.python, "-I", STOPPING, str(point), filler]
    ended = folder.type(shlex.join([*line, "--folder", folder.path, "sync", "--json"]))
    return ended.code, ended.errors


def points(pair: Pair, count: int) -> list[int]:
    """So many of the changes of the disk that a sync makes."""
    folder = pair.kept.copy("counted")
    code, errors = stopped(folder, 0)
    assert code == 0, errors
    folder.remove()
    changes = int(errors.split()[-2])
    chance = random.Random(20261130)  # noqa: S311  repeatable, not secret
    return sorted(chance.sample(range(1, changes + 1), min(count, changes)))


def test_killed_at_any_point_it_leaves_what_works(pair: Pair, folder: AnalystFolder) -> None:
    killed = 0
    for point in points(pair, KILLS):
        folder = pair.kept.copy("mine")
        code, errors = stopped(folder, point)
        killed += code in (-9, 137)
        assert code in (-9, 137, 0), errors
        pair.check(folder)
    assert killed


def test_a_connection_that_breaks_at_any_point_loses_nothing(
    pair: Pair, folder: AnalystFolder
) -> None:
    whole = folder.sync("--json")
    assert whole.code == 0, whole.errors
    chance = random.Random(20261130)  # noqa: S311  repeatable, not secret
    codes = []
    for _ in range(CUTS):
        folder = pair.kept.copy("mine")
        with typed(folder) as process:
            time.sleep(chance.uniform(0.2, 0.8) * whole.seconds)
            with cut(pair):
                _, errors = process.communicate(timeout=120)
        codes.append(process.returncode)
        assert process.returncode in (0, 1), errors
        assert len(errors.splitlines()) == process.returncode, errors
        pair.check(folder)
    assert 1 in codes


@contextmanager
def cut(pair: Pair) -> Iterator[None]:
    """No connection from the laptop to the broker lives, and none begins."""
    address = pair.broker.address
    pair.laptop.exec("ip", "route", "add", "unreachable", f"{address}/32")
    pair.laptop.exec("ss", "--kill", "dst", address)
    try:
        yield
    finally:
        pair.laptop.exec("ip", "route", "delete", "unreachable", f"{address}/32")


def test_too_many_logins_are_one_sentence_and_the_next_sync_works(
    pair: Pair, folder: AnalystFolder
) -> None:
    log_in = f'ssh -F .broker/ssh_config -o ControlPath=none -f -N "{ANALYST}@$host"'
    host = "host=$(sed -n 's/^Host //p' .broker/ssh_config | head -n 1)"
    try:
        opened = folder.type(f"{host}; for _ in $(seq 16); do {log_in}; done")
        assert opened.code == 0, opened.errors
        ended = folder.sync("--quiet")
    finally:
        pair.laptop.exec("pkill", "--full", "ControlPath=none")
    assert ended.code == 1
    (line,) = ended.errors.splitlines()
    assert "too many logins of yours are open there" in line
    pair.check(folder)


def test_a_full_disk_is_one_sentence_and_loses_nothing(pair: Pair, folder: AnalystFolder) -> None:
    place = f"/home/{ANALYST}/small"
    pair.laptop.exec("install", "-d", "-o", ANALYST, place)
    pair.laptop.exec("mount", "-t", "tmpfs", "-o", f"size=160m,uid={ANALYST}", "tmpfs", place)
    try:
        for point in points(pair, FULL):
            full = folder.copy("small/data-broker")
            code, errors = stopped(full, point, f"{place}/filler")
            assert code in (0, 1), errors
            lines = errors.splitlines()
            assert len(lines) == code, errors
            assert all(line.startswith("broker: ") for line in lines)
            pair.laptop.exec("rm", "-f", f"{place}/filler")
            pair.check(full)
    finally:
        pair.laptop.exec("umount", "--lazy", place)


def test_a_host_with_another_key_is_refused(pair: Pair, folder: AnalystFolder) -> None:
    before = folder.generation()
    pair.broker.exec("sh", "-ec", OTHER_HOST_KEY)
    try:
        ended = folder.sync()
    finally:
        pair.broker.exec("sh", "-ec", OWN_HOST_KEY)
    assert ended.code == 1
    assert "is not the one that this folder knows" in ended.errors
    assert folder.generation() == before
    pair.check(folder)


def test_another_signing_key_is_refused(pair: Pair, folder: AnalystFolder) -> None:
    before = folder.generation()
    pair.broker.exec("sh", "-ec", RESIGN)
    try:
        ended = folder.sync()
    finally:
        pair.broker.exec("sh", "-c", f"cat /run/kept.sig >{TREE}/manifest.json.sig")
    assert ended.code == 1
    assert "was not made by SHA256:" in ended.errors
    assert folder.generation() == before
    pair.check(folder)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (f"{TREE}/manifest.json", "the signature of the data of"),
        (f"{TREE}/parquet/shop/blob.parquet", "sent is not what its manifest says"),
        (f"{SCRIPTS}/SHA256SUMS", "the signature of the scripts of"),
        (f"{SCRIPTS}/broker.sh", "does not offer a whole set of scripts"),
        (f"{SCRIPTS}/*.whl", "does not offer a whole set of scripts"),
    ],
    ids=["manifest", "data", "list", "script", "wheel"],
)
def test_one_byte_that_is_another_is_refused(
    pair: Pair, folder: AnalystFolder, place: str, sentence: str
) -> None:
    before = folder.generation()
    if place.startswith(SCRIPTS):  # what is here already is not fetched
        with (folder.outside / "server/scripts/SHA256SUMS").open("a") as stream:
            stream.write(f"{'0' * 64}  scripts/old.sh\n")
    scripts = {path.name: path.read_bytes() for path in files(folder)}
    flip = f"python3 -c {shlex.quote(FLIP)} {place}"
    pair.broker.exec("sh", "-ec", flip)
    try:
        ended = folder.sync()
    finally:
        pair.broker.exec("sh", "-ec", flip)
    assert ended.code == 1, ended.output
    assert sentence in ended.errors
    assert folder.generation() == before
    assert {path.name: path.read_bytes() for path in files(folder)} == scripts
    pair.check(folder)


def files(folder: AnalystFolder) -> list[Path]:
    return [path for path in (folder.outside / "server/scripts").iterdir() if path.is_file()]


@pytest.mark.parametrize(("years", "code"), [(-12, 3), (8, 0)])
def test_a_clock_that_is_years_off_changes_no_data(
    pair: Pair, folder: AnalystFolder, years: int, code: int
) -> None:
    """One from before the generation was made cannot say how old the tables are."""
    ended = folder.sync("--json", before=f"faketime -f {years:+d}y")
    assert ended.code == code, ended.errors
    assert bool(ended.facts["stale"]) is (code == 3)
    assert ended.facts["generation"] == pair.newest
    pair.check(folder)


def test_a_broker_that_publishes_meanwhile_gives_one_whole_generation(
    pair: Pair, folder: AnalystFolder
) -> None:
    with pulling(pair, folder, "parquet/shop/.blob.parquet.*") as pull:
        published = [pair.newest, pair.publish(), pair.publish()]
        code, errors = go_on(pull)
    assert code == 0, errors
    assert folder.generation() in published
    pair.check(folder)


def test_a_generation_that_is_pruned_meanwhile_gives_the_next_one(
    pair: Pair, folder: AnalystFolder
) -> None:
    gone = pair.newest
    with pulling(pair, folder, "") as pull:
        pair.publish()
        pair.broker.exec("rm", "-rf", "--one-file-system", f"{STORE}/generations/{gone}")
        code, errors = go_on(pull)
    assert code == 0, errors
    assert folder.generation() == pair.newest
    pair.check(folder)


@contextmanager
def pulling(pair: Pair, folder: AnalystFolder, part: str) -> Iterator[subprocess.Popen[str]]:
    """A sync that stands still as soon as this part has arrived; with none, before any has."""
    generations = folder.outside / "server/generations"
    with slow_link(pair.laptop, pair.broker, megabits=8, milliseconds=10), typed(folder) as process:
        deadline = time.monotonic() + 60
        while not [*generations.glob(f".incoming/{part}")]:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGSTOP)
        yield process


def typed(folder: AnalystFolder) -> subprocess.Popen[str]:
    """A sync in a process group of its own."""
    command = ["nsenter", "--target", str(folder.host.running()), "--all"]
    command += folder.line("exec bash server/scripts/sync_data.sh --quiet")
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def go_on(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Let it run to its end: its code, and of what it complains.

    nsenter and runuser stop themselves when they see that what they started stands still, which
    may be after it goes on.
    """
    deadline = time.monotonic() + 120
    while True:
        os.killpg(process.pid, signal.SIGCONT)
        try:
            _, errors = process.communicate(timeout=0.5)
        except subprocess.TimeoutExpired:
            assert time.monotonic() < deadline
        else:
            return process.returncode, errors


def test_many_small_files_arrive_and_the_next_sync_finds_nothing_new(pair: Pair) -> None:
    rows = [f"{at},{time.strftime('%Y-%m-%d', time.gmtime(at * 86_400))}" for at in range(DAYS)]
    newest = publish(pair.broker, MANY, {"many.csv": "\n".join(["id,day", *rows]) + "\n"})
    folder = pair.kept.copy("mine")
    for is_new in (True, False):
        ended = folder.sync("--json")
        assert ended.code == 0, ended.errors
        assert ended.facts["is_new"] is is_new
        assert folder.generation() == newest
        assert folder.is_as_signed()
    assert folder.rows("t0") == DAYS
    folder.remove()
