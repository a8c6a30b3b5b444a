"""A host knows its store again, and takes no empty mount point for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker import mark as module
from broker.errors import PublishError
from broker.mark import (
    Mark,
    MarkStep,
    Seen,
    apply,
    expected_mounts,
    find_store,
    mark_step,
    new_id,
    require_store,
)
from broker.publish import PruneRule, Store
from tests.unit.publish.making import entry, publish

STORE = Path("/data/src_data")
ONE, OTHER = "a1234567", "b7654321"
MARK = Mark(ONE, str(STORE), "/data")
GENERATION = "2026-11-22T163000Z-7f3a"


@pytest.mark.parametrize(
    ("seen", "accept", "step"),
    [
        (Seen(STORE, None, None), "", MarkStep.MAKE),  # a new host
        (Seen(STORE, None, None, current=True), "", MarkStep.MAKE),  # of an older release
        (Seen(STORE, None, None, current=True, published=GENERATION), "", MarkStep.MAKE),
        (Seen(STORE, None, ONE), "", MarkStep.ADOPT),  # a new host, and the disk of another
        (Seen(STORE, None, ONE, published=GENERATION), "", MarkStep.ADOPT),
        (Seen(STORE, MARK, ONE), "", MarkStep.KEEP),
        (Seen(STORE, MARK, ONE), ONE, MarkStep.KEEP),  # a word that was left in the settings
        (Seen(STORE, MARK, ONE, unmounted="/data"), "", MarkStep.KEEP),
        (Seen(STORE, MARK, None), ONE, MarkStep.MAKE),
        (Seen(STORE, MARK, OTHER), ONE, MarkStep.ADOPT),
        (Seen(STORE, None, None, published=GENERATION), GENERATION, MarkStep.MAKE),
    ],
)
def test_a_host_makes_adopts_or_keeps_its_mark(seen: Seen, accept: str, step: MarkStep) -> None:
    assert mark_step(seen, accept) is step


@pytest.mark.parametrize(
    ("seen", "accept", "words"),
    [
        (Seen(STORE, MARK, None), "", ("on /data", "found no store", f"_disk={ONE}.")),
        (Seen(STORE, MARK, None, unmounted="/data"), "", ("is not here", "on /data")),
        (Seen(STORE, MARK, OTHER), "", (f"found store {OTHER}", f"_disk={ONE}.")),
        (Seen(STORE, MARK, None), "true", ("is not here",)),
        (Seen(STORE, MARK, None), OTHER, ("is not here",)),
        (Seen(STORE, MARK, None, current=True), "", ("is not here",)),
        (Seen(STORE, None, None, published=GENERATION), "", (f"_disk={GENERATION}.",)),
        (Seen(STORE, None, None, unmounted="/data"), "", ("not mounted", "`mount /data`")),
        (Seen(STORE, MARK, None, unmounted="/data"), ONE, ("not mounted", "`mount /data`")),
    ],
)
def test_a_disk_that_is_not_there_is_refused_by_the_name_of_its_mount(
    seen: Seen, accept: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(PublishError) as error:
        mark_step(seen, accept)
    for word in words:
        assert word in str(error.value)


FSTAB = r"""
# /dev/vdc /data ext4 defaults 0 2
UUID=1 / ext4 errors=remount-ro 0 1
UUID=2 none swap sw 0 0
UUID=3 /home ext4 defaults 0 2
/dev/vdb /data/src_data ext4 nofail 0 2
/dev/vdc /data ext4
/dev/vdd /data/src_data\040two ext4
broken
"""


def test_what_fstab_mounts_on_the_way_to_the_store_is_expected() -> None:
    assert expected_mounts(STORE, FSTAB) == ["/data", "/data/src_data"]
    assert expected_mounts(Path("/data/src_data two/x"), FSTAB) == ["/data", "/data/src_data two"]
    assert expected_mounts(STORE, "") == []


class Host:
    def __init__(self, folder: Path) -> None:
        self.store, self.record, self.fstab = (
            folder / "data",
            folder / "store.json",
            folder / "fstab",
        )
        self.proof = folder / "proof.json"
        self.store.mkdir()

    def deploy(self, accept: str = "") -> MarkStep:
        seen = find_store(self.store, self.record, self.proof, self.fstab)
        step = mark_step(seen, accept)
        apply(step, seen, -1, self.record)
        return step

    def lose(self) -> Path:
        """As an unmounted disk does; what was on it is returned."""
        kept = self.store.rename(self.store.with_name(f"kept-{new_id()}"))
        self.store.mkdir()
        return kept


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host(tmp_path)
    monkeypatch.setattr(module, "STORE_RECORD", made.record)
    return made


def test_from_the_first_deploy_to_a_new_disk(host: Host) -> None:
    assert (host.deploy(), host.deploy()) == (MarkStep.MAKE, MarkStep.KEEP)
    require_store(host.store)
    kept = host.lose()
    with pytest.raises(PublishError, match="is not here; expected store"):
        require_store(host.store)
    with pytest.raises(PublishError, match="is not here; expected store"):
        host.deploy()
    word = json.loads(host.record.read_text())["id"]
    assert (host.deploy(word), host.deploy(), host.deploy(word)) == (
        MarkStep.MAKE,
        *[MarkStep.KEEP] * 2,
    )
    host.lose()
    with pytest.raises(PublishError):  # the word of the first loss is not that of the second
        host.deploy(word)
    host.store.rmdir()
    kept.rename(host.store)  # the first disk comes back
    with pytest.raises(PublishError, match="found store"):
        host.deploy()


def test_cut_off_between_its_two_files_a_deploy_is_mended_by_the_next(host: Host) -> None:
    host.deploy()
    host.record.unlink()
    assert (host.deploy(), host.deploy()) == (MarkStep.ADOPT, MarkStep.KEEP)
    word = json.loads(host.record.read_text())["id"]
    host.lose()
    (host.store / ".store_id").write_text(f"{OTHER}\n")  # the new disk has its id, the host not yet
    assert (host.deploy(word), host.deploy()) == (MarkStep.ADOPT, MarkStep.KEEP)


def test_a_host_of_an_older_release_is_known_by_what_it_proved(host: Host) -> None:
    host.proof.write_text(json.dumps({"generation": GENERATION}))
    with pytest.raises(PublishError, match=f"expected generation {GENERATION}"):
        host.deploy()
    (host.store / "current").symlink_to(f"generations/{GENERATION}")
    assert host.deploy() is MarkStep.MAKE


def as_link(path: Path) -> None:
    target = path.with_name("elsewhere")
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)


@pytest.mark.parametrize(
    "replace",
    [
        lambda path: path.write_text("nonsense"),
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(b"\xff\x1b[2J"),
        lambda path: (path.unlink(), path.mkdir()),
        as_link,
        lambda path: path.unlink(),
    ],
)
def test_what_the_service_puts_in_the_place_of_the_id_is_no_id(
    host: Host, replace: Callable[[Path], object]
) -> None:
    host.deploy()
    replace(host.store / ".store_id")
    with pytest.raises(PublishError, match="found no store") as error:
        require_store(host.store)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"id": 1}', "null"])
def test_a_record_that_cannot_be_read_is_no_new_host(host: Host, content: str) -> None:
    host.record.write_text(content)
    for act in (lambda: require_store(host.store), host.deploy):
        with pytest.raises(PublishError, match="cannot be read"):
            act()


ACTS: dict[str, Callable[[Store], object]] = {
    "look": lambda store: store.current(),
    "list": lambda store: store.generations(),
    "name one": lambda store: store.generation(GENERATION),
    "verify": lambda store: store.verify(),
    "publish": lambda store: store.begin(),
    "roll back": lambda store: store.rollback(),
    "expose": lambda store: store.expose([["private"]]),
    "prune": lambda store: store.prune(PruneRule(1, 1, 0), datetime.now(UTC)),
    "approve": lambda store: store.prepare(),
}


@pytest.mark.parametrize("act", ACTS)
def test_nothing_looks_at_publishes_into_or_prunes_a_store_that_is_not_there(
    host: Host, act: str
) -> None:
    host.deploy()
    store = Store(host.store, reserve_bytes=0)
    publish(store, {entry("orders"): 1})
    kept = host.lose()
    for missing in (True, False):
        if not missing:
            host.store.rmdir()
        with pytest.raises(PublishError, match="the store that this host published is not here"):
            ACTS[act](store)
        assert [*host.store.iterdir()] == [] if missing else not host.store.exists()
    kept.rename(host.store)
    assert store.current() is not None


def test_a_store_that_the_host_does_not_speak_of_needs_no_mark(host: Host, tmp_path: Path) -> None:
    host.deploy()
    require_store(tmp_path / "another")


def test_ids_are_text_wherever_a_word_is_written() -> None:
    for _ in range(100):
        assert new_id()[0] in "abcdef"
        assert len(new_id()) == 8
