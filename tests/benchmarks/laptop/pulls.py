"""Whole pulls: nothing new, a first one beside scp, many laptops at once, and the views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from statistics import median

from tests.system.laptop.laptops import AnalystFolder, Ended, add_analyst, publish

from .deliveries import BULK, FILES_OF_TABLE, SMALL_TABLES, TABLES, write_bulk, write_many
from .figures import Figure, median_of, ratios
from .stage import Stage, well

__all__ = ["Link", "measure_many", "measure_pull", "measure_small", "prepare"]

Link = Callable[[], AbstractContextManager[None]]
_FILES = TABLES * FILES_OF_TABLE
_LAPTOPS = 50
_BULK_SHARE = 4  # of the rows of ``orders``
_BIG_FILE = """
install -d -o anna -g anna /home/anna/user
head -c {size} /dev/urandom >/home/anna/user/big
chown anna: /home/anna/user/big
"""
_SCP = "rm -f big; scp -q -F .broker/ssh_config $(cat .broker/host):user/big big"
_GIVE_WAY = "trying again"  # what a sync says when a connection was refused or broke off


def prepare(stage: Stage) -> None:
    """Publish 50 small tables of 1,000 files, and one of a quarter of the rows of ``orders``."""
    many, bulk = stage.data / "many.csv", stage.data / "bulk.csv"
    write_many(many)
    write_bulk(bulk, stage.rows // _BULK_SHARE)
    publish(stage.broker, SMALL_TABLES + BULK, {"many.csv": many, "bulk.csv": bulk})


def measure_small(stage: Stage) -> Iterator[Figure]:
    """Nothing new over the slow link, and the views."""
    folder = stage.folder
    well(folder.sync("--json"))
    seconds, moved = [], []
    with stage.slow():
        for _ in range(stage.pairs):
            before = stage.slow_wire.bytes()
            seconds.append(well(folder.sync("--json")).seconds)
            moved.append((stage.slow_wire.bytes() - before) / 1e3)
    title = f"nothing new, {_FILES:,} files, slow link"
    yield median_of(title, seconds, "s", most=1.5)
    yield median_of(f"{title}: wire", moved, "kB", most=50)
    tree = f"{folder.path}/server/generations/{folder.generation()}"
    views = [stage.inside("views", tree, tree)[0] for _ in range(stage.pairs)]
    yield median_of(f"views of {TABLES} tables, {_FILES:,} files", views, "s", most=1)


def measure_pull(stage: Stage, table: str, title: str, link: Link) -> Iterator[Figure]:
    """First pulls of one table, each beside scp of one file of as many bytes."""
    size = sum(file.bytes for file in stage.folder.table(f"shop/{table}").files)
    stage.broker.exec("sh", "-ec", _BIG_FILE.format(size=size))
    ours, theirs = [], []
    with link():
        for _ in range(stage.pairs):
            folder = stage.empty("first")
            ours.append(well(folder.sync("--json", "--table", table)).seconds)
            if not folder.is_as_signed():
                raise RuntimeError("the first pull is not at the signed bytes")
            folder.remove()
            theirs.append(well(stage.folder.type(_SCP)).seconds)
    name = f"{size / 1e6:.0f} MB, {title}"
    yield median_of(f"first pull of {name}", [size / 1e6 / one for one in ours], "MB/s")
    yield median_of(f"scp of {name}", [size / 1e6 / one for one in theirs], "MB/s")
    share = [100 * one for one in ratios(theirs, ours)]
    yield median_of(f"first pull to scp, {name}", share, "%", least=90)


def measure_many(stage: Stage) -> Iterator[Figure]:
    """One laptop, then 50 of as many analysts at once: each with an address, and all behind one."""
    _let_in(stage)
    size = sum(file.bytes for file in stage.folder.table("shop/bulk").files)
    alone = []
    for _ in range(stage.pairs):
        (ended,), seconds = _at_once(stage, 1, own_address=True)
        well(ended)
        alone.append(size / 1e6 / seconds)
    yield median_of("one laptop", alone, "MB/s")
    for title, own_address in (("an address each", True), ("behind one address", False)):
        all_ended, seconds = _at_once(stage, _LAPTOPS, own_address=own_address)
        failed = [one for one in all_ended if one.code]
        refused = sum(_GIVE_WAY in one.output for one in all_ended)
        speed = size / 1e6 * (_LAPTOPS - len(failed)) / seconds
        name = f"{_LAPTOPS} laptops, {title}"
        share, note = 100 * speed / median(alone), f"{speed:.1f} MB/s in all, of one laptop's"
        yield Figure(name, share, "%", least=90, note=note)
        why = failed[0].errors.strip()[-200:] if failed else ""
        yield Figure(f"{name}: failed", len(failed), "", most=0, note=why)
        yield Figure(f"{name}: had to try again", refused, "", most=0)


def _let_in(stage: Stage) -> None:
    """An account, a key and an address for each of them."""
    for number in range(_LAPTOPS):
        address = f"{_address(stage, number)}/24"
        stage.laptop.exec("ip", "address", "add", address, "dev", "host0")
        key = f"desk{number}"
        make = f"ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/{key}"
        well(stage.folder.type(make))
        add_analyst(stage.broker, stage.laptop, key, key)


def _address(stage: Stage, number: int) -> str:
    return f"{stage.laptop.address.rpartition('.')[0]}.{150 + number}"


def _desk(stage: Stage, number: int, *, own_address: bool) -> AnalystFolder:
    """The empty folder of one of them."""
    folder, name = stage.empty(f"desk{number}"), f"desk{number}"
    settings = [f"IdentityFile ~/.ssh/{name}", "IdentitiesOnly yes"]
    settings += [f"BindAddress {_address(stage, number)}"] if own_address else []
    state = folder.outside / ".broker"
    config = state / "ssh_config"
    config.write_text("\n".join([*settings, config.read_text()]))
    _, _, host = (state / "host").read_text().partition("@")
    (state / "host").write_text(f"{name}@{host}")
    return folder


def _at_once(stage: Stage, count: int, *, own_address: bool) -> tuple[list[Ended], float]:
    """So many first pulls side by side; how each ended, and the seconds until the last one did."""
    folders = [_desk(stage, number, own_address=own_address) for number in range(count)]

    def pull(folder: AnalystFolder) -> Ended:
        return folder.sync("--table", "bulk", BROKER_PAUSE="2")

    with ThreadPoolExecutor(count) as pool:
        ended = list(pool.map(pull, folders))
    for folder, one in zip(folders, ended, strict=True):
        if not one.code and not folder.is_as_signed():
            raise RuntimeError(f"{folder.name} is not at the signed bytes")
        folder.remove()
    return ended, max(one.seconds for one in ended)
