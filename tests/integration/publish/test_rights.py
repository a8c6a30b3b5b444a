"""Who can read what, asked of the kernel as users with real group memberships."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.publish import Audience, Store
from tests.unit.publish.making import publish

from .publisher import TABLES

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

GROUPS = {"public": 61001, "private": 61002, "finance": 61003}
OPERATORS = 61009
NOBODY = 65534  # ssh-keygen wants a user that exists
READER = 61100


@pytest.fixture(scope="module", params=["root", "broker"])
def root(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A published store that others can reach, made by root or by a plain user."""
    folder = Path(tempfile.mkdtemp(prefix="publish-"))
    folder.chmod(0o755)
    options: dict[str, object] = {"groups": GROUPS, "operators": OPERATORS, "rounds": 2}
    if request.param == "broker":
        members = [*GROUPS.values(), OPERATORS]
        options |= {"uid": NOBODY, "gid": NOBODY, "member_of": members}
        os.chown(folder, NOBODY, NOBODY)
    try:
        assert _publisher(folder / "data", options).endswith("[]"), "verify found something"
        yield folder / "data"
    finally:
        shutil.rmtree(folder)


def _publisher(root: Path, options: dict[str, object]) -> str:
    paths = os.pathsep.join(path for path in sys.path if path)
    found = subprocess.run(
        [sys.executable, "-m", "tests.integration.publish.publisher", root, json.dumps(options)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout + found.stderr


def _able(root: Path, classes: list[str], test: str) -> set[str]:
    """The paths of the store for which a member of these classes gets a yes from ``[``."""
    paths = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    found = subprocess.run(
        ["/bin/sh", "-c", f'while read -r p; do [ {test} "$p" ] && echo "$p"; done; true'],
        input="\n".join(paths) + "\n",
        cwd=root,
        user=READER,
        group=READER,
        extra_groups=[GROUPS[name] for name in classes],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stdout.split())


def _allowed(root: Path, classes: list[str]) -> set[str]:
    """Policy: everything in the trees of audiences whose classes one holds, and the public key.

    No analyst reads a catalog.
    """
    found = {"allowed_signers"}
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        is_data = parts[0] != "catalog"
        if is_data and "views" in parts and "tree" in parts and path.is_file():
            needed = {"public", *parts[parts.index("views") + 1 : parts.index("tree")]}
            if needed <= set(classes):
                found.add(str(path.relative_to(root)))
    return found


@pytest.mark.parametrize(
    "classes",
    [
        [],
        ["public"],
        ["public", "private"],
        ["public", "finance"],
        ["public", "private", "finance"],
    ],
    ids=lambda classes: "+".join(classes) or "none",
)
def test_a_reader_reads_the_trees_of_their_classes_and_nothing_else(
    root: Path, classes: list[str]
) -> None:
    readable = _able(root, classes, "-f") & _able(root, classes, "-r")
    assert readable == _allowed(root, classes)
    assert len(readable) > (10 if classes else 0)


def test_the_public_cannot_tell_a_private_table_from_none(root: Path) -> None:
    for test in ("-e", "-L"):
        seen = "\n".join(_able(root, ["public"], test))
        for name in ("salaries", "hr", "ledger", "books", "margins"):
            assert name not in seen


def test_nobody_lists_the_generations_or_the_folders_on_the_way(root: Path) -> None:
    listable = {path for path in _able(root, list(GROUPS), "-r") if (root / path).is_dir()}
    assert all("/tree" in path for path in listable if not path.startswith("current"))
    generations = [path for path in listable if "views" not in path]
    assert generations == []


def test_nobody_writes(root: Path) -> None:
    links = {"current", "parquet", "metadata"}
    assert _able(root, list(GROUPS), "-w") - links == set()


def test_modes_and_groups(root: Path) -> None:
    generation = (root / "current").resolve()

    def rights(path: str) -> tuple[str, int]:
        stat = (generation / path).stat()
        return f"{stat.st_mode & 0o7777:04o}", stat.st_gid

    assert {path: rights(path) for path in _EXPECTED} == _EXPECTED


_EXPECTED = {
    "": ("2710", GROUPS["public"]),
    "parquet": ("2750", OPERATORS),
    "parquet/hr": ("2750", GROUPS["private"]),
    "parquet/sales": ("2750", OPERATORS),
    "parquet/sales/orders.parquet": ("0640", GROUPS["public"]),
    "parquet/sales/margins.parquet": ("0640", GROUPS["finance"]),
    "parquet/hr/salaries.parquet": ("0640", GROUPS["private"]),
    "metadata/hr/salaries.json": ("0640", GROUPS["private"]),
    "manifest.json": ("0640", OPERATORS),
    "docs/schema.yml": ("0640", OPERATORS),
    "views": ("2710", GROUPS["public"]),
    "views/tree": ("2750", GROUPS["public"]),
    "views/private": ("2710", GROUPS["private"]),
    "views/private/tree": ("2750", GROUPS["private"]),
    "views/private/tree/parquet/sales": ("2750", GROUPS["private"]),
    "views/private/tree/parquet/sales/orders.parquet": ("0640", GROUPS["public"]),
    "views/finance/private": ("2710", GROUPS["private"]),
    "views/finance/private/tree/docs/schema.yml": ("0640", GROUPS["private"]),
}


def test_a_new_class_of_a_table_leaves_the_published_file_alone(tmp_path: Path) -> None:
    store = Store(tmp_path / "data", GROUPS, operators=OPERATORS, reserve_bytes=0)
    first = publish(store, TABLES)
    private = {
        type(table)(table.id, table.name, table.path, "private"): rows
        for table, rows in TABLES.items()
    }
    second = publish(store, private)
    file = "parquet/sales/orders.parquet"
    assert (first.path / file).stat().st_gid == GROUPS["public"]
    assert (second.path / file).stat().st_gid == GROUPS["private"]
    assert not (second.view(Audience()) / file).exists()
    assert store.verify(first.id) == store.verify(second.id) == []


def test_drifted_rights_are_found_and_mended_by_the_next_generation(tmp_path: Path) -> None:
    store = Store(tmp_path / "data", GROUPS, operators=OPERATORS, reserve_bytes=0)
    first = publish(store, TABLES)
    file = first.path / "parquet/hr/salaries.parquet"
    os.chown(file, -1, GROUPS["public"])
    (first.path / "parquet/sales").chmod(0o2755)
    problems = {(defect.path, defect.problem) for defect in store.verify()}
    wrong_group = "belongs to group 61001 instead of 61002"
    assert problems == {
        ("parquet/sales", "has mode 2755 instead of 2750"),
        ("parquet/hr/salaries.parquet", wrong_group),
        ("views/private/tree/parquet/hr/salaries.parquet", wrong_group),
    }
    publish(store, TABLES)
    assert store.verify() == []


def test_a_broker_outside_a_group_is_told_before_it_starts() -> None:
    folder = Path(tempfile.mkdtemp(prefix="publish-"))
    os.chown(folder, NOBODY, NOBODY)
    options = {"groups": GROUPS, "operators": OPERATORS, "rounds": 1}
    members = [GROUPS["public"], OPERATORS]
    try:
        output = _publisher(
            folder / "data", {**options, "uid": NOBODY, "gid": NOBODY, "member_of": members}
        )
    finally:
        shutil.rmtree(folder)
    assert PublishError.__name__ in output
    assert "not in group id 61002, 61003" in output
