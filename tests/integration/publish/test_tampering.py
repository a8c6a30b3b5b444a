"""Any change to what was published is found."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.publish import Audience, Store
from broker.publish.sign import Signer
from tests.unit.publish.making import contents, entry, publish

TABLES = {entry("orders"): 3, entry("salaries", "private", "hr"): 2}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Published once; every test puts back what it changes."""
    store = Store(tmp_path_factory.mktemp("tampering") / "data", reserve_bytes=0)
    publish(store, TABLES, "one")
    publish(store, TABLES, "two")
    return store


def _paths(store: Store) -> list[str]:
    return list(contents(store.generation().path))


def test_a_changed_byte_in_any_file_is_found(store: Store) -> None:
    chance = random.Random(20261122)  # noqa: S311  repeatable, not secret
    root = store.generation().path
    assert len(_paths(store)) > 15
    for path in _paths(store):
        good = (root / path).read_bytes()
        at = chance.randrange(len(good))
        flipped = good[at] ^ (1 << chance.randrange(8))
        (root / path).write_bytes(good[:at] + bytes([flipped]) + good[at + 1 :])
        assert path in {defect.path for defect in store.verify()} | _signed_by(path, store), at
        (root / path).write_bytes(good)
    assert store.verify() == []


def _signed_by(path: str, store: Store) -> set[str]:
    """A broken signature is told of the manifest beside it."""
    if not path.endswith(".sig"):
        return set()
    return {f"{defect.path}.sig" for defect in store.verify()}


def _cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _remove(file: Path) -> None:
    file.unlink()


def _replace_by_link(file: Path) -> None:
    file.unlink()
    file.symlink_to("/etc/hostname")


def _replace_by_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _open_to_all(file: Path) -> None:
    file.chmod(0o644)


def _add_beside(file: Path) -> None:
    file.with_name("stray.parquet").write_bytes(b"PAR1")


@pytest.mark.parametrize(
    "harm",
    [_cut_short, _remove, _replace_by_link, _replace_by_folder, _open_to_all, _add_beside],
)
@pytest.mark.parametrize(
    "path",
    [
        "parquet/sales/orders.parquet",
        "metadata/hr/salaries.json",
        "docs/schema.yml",
        "views/tree/docs/schema.yml",
        "views/private/tree/parquet/hr/salaries.parquet",
        "views/tree/manifest.json",
        "manifest.json.sig",
    ],
)
def test_other_harm_is_found(
    store: Store, tmp_path: Path, harm: Callable[[Path], None], path: str
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(store.root, copy, symlinks=True)
    harmed = Store(copy, reserve_bytes=0)
    assert harmed.verify() == []
    harm(harmed.generation().path / path)
    assert harmed.verify() != []


def test_a_manifest_of_another_generation_or_audience_is_found(
    store: Store, tmp_path: Path
) -> None:
    for number, (source, target) in enumerate(
        [("older", ""), ("older", "views/tree"), ("views/private/tree", "views/tree")]
    ):
        copy = tmp_path / str(number)
        shutil.copytree(store.root, copy, symlinks=True)
        harmed = Store(copy, reserve_bytes=0)
        older, current = harmed.generations()
        origin = older.path / target if source == "older" else current.path / source
        for name in ("manifest.json", "manifest.json.sig"):
            shutil.copy2(origin / name, current.path / target / name)
        assert harmed.verify() != []


def test_a_view_that_is_signed_but_tells_something_else_is_found(
    store: Store, tmp_path: Path
) -> None:
    copy = tmp_path / "data"
    shutil.copytree(store.root, copy, symlinks=True)
    harmed = Store(copy, reserve_bytes=0)
    manifest = harmed.generation().view(Audience()) / "manifest.json"
    content = manifest.read_bytes().replace(b'"rows": 3', b'"rows": 4')
    assert content != manifest.read_bytes()
    manifest.write_bytes(content)
    signature = Signer.own(copy / ".keys").sign(content)
    manifest.with_name("manifest.json.sig").write_bytes(signature)
    assert [defect.problem for defect in harmed.verify()] == ["is not a part of the whole manifest"]


def test_without_hashing_sizes_and_rights_are_still_compared(store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(store.root, copy, symlinks=True)
    harmed = Store(copy, reserve_bytes=0)
    file = harmed.generation().path / "parquet/sales/orders.parquet"
    good = file.read_bytes()
    file.write_bytes(bytes(len(good)))
    assert harmed.verify(content=False) == []
    assert {defect.path for defect in harmed.verify()} == {"parquet/sales/orders.parquet"}
    file.write_bytes(good + b"x")
    assert len(harmed.verify(content=False)) == 1
