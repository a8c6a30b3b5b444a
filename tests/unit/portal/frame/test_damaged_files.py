"""A file of the catalog that is damaged in any way: its own sentence, and the rest works."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.catalog.places import INDEX, OPERATORS, STANDING, details_path, keys_path
from broker.classes import CATALOG
from broker.manifest import Audience
from tests.unit.catalog.example import GENERATION
from tests.unit.portal.scene import Scene, scene

from ..pages.test_all import ADMIN, OWN

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone")
_ANNA, _DORA = (Audience.of(classes).path for classes in (["public", "private"], ["public"]))
_OF_THE_CATALOG = ("/catalog", "/catalog/folder/shop", "/catalog/metrics", "/search?q=table")
_OF_A_TABLE = ("/catalog/table/shop/table_0", "/catalog/column/shop/table_0?name=id")
_OTHERS = ("/catalog/table/shop/table_3", "/catalog/metrics/monthly_revenue")
UNREADABLE = (503, "The catalog cannot be read at the moment.")
# Which pages need the file, of whom.
FILES = {
    f"{_ANNA}/{INDEX}": (*_OF_THE_CATALOG, *_OF_A_TABLE, *_OTHERS, "/datasets"),
    f"{_ANNA}/{details_path('shop/table_0')}": _OF_A_TABLE,
    f"{_DORA}/{INDEX}": (),
    f"{OPERATORS}/{STANDING}": (),
    f"{OPERATORS}/{keys_path('public')}": (),
}


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _as_link(path: Path) -> None:
    path.rename(path.with_suffix(".away"))
    path.symlink_to(path.with_suffix(".away"))


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "another kind": lambda path: path.write_bytes(b"[1]"),
    "no field": lambda path: path.write_bytes(b"{}"),
    "no text": lambda path: path.write_bytes(b"\xff\xfe{}"),
    "deep": lambda path: path.write_bytes(b"[" * 200_000),
    "a folder": _as_folder,
    "a link": _as_link,
    "gone": Path.unlink,
}


@pytest.mark.parametrize("file", FILES)
def test_only_pages_that_need_the_file_miss_it(file: str) -> None:
    with scene(tables=6) as portal:
        portal.door.add("anna", email="anna@example.com", classes=["private"])
        portal.add("anna", "anna")
        portal.add("dora", admin=True)
        store = portal.app.extensions["portal"].store
        path = store / CATALOG / GENERATION / file
        content = path.read_bytes()
        for name, damage in DAMAGE.items():  # none is read well before, and so kept in memory
            damage(path)
            is_gone = name == "gone" and INDEX in file
            expected = (404, "No data yet") if is_gone else UNREADABLE
            check_analyst(portal, FILES[file], expected, str(store))
            check_admin(portal, is_table_list=file.endswith(STANDING))
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            path.write_bytes(content)


def check_analyst(
    portal: Scene, needing: tuple[str, ...], expected: tuple[int, str], place: str
) -> None:
    found = answers(portal, "anna", (*OWN, *_OF_THE_CATALOG, *_OF_A_TABLE, *_OTHERS))
    for path, (status, text) in found.items():
        if status != 200:
            assert path in needing
            assert (status, expected[1] in text) == (expected[0], True), path
        assert place not in text, f"{path}: the place of a file is for admins"
        assert "broker expose" not in text, f"{path}: what analysts cannot do"


def check_admin(portal: Scene, *, is_table_list: bool) -> None:
    for path, (status, text) in answers(portal, "dora", (*OWN, *ADMIN)).items():
        assert status in ((200, 503) if path == "/datasets" else (200,)), path
        if is_table_list and path == "/admin/":
            assert GENERATION in text, "an admin sees what is missing"


def answers(portal: Scene, who: str, paths: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """The status and text of each page."""
    browser = portal.browser(who)
    found = {path: browser.get(path) for path in paths}
    return {path: (answer.status_code, answer.text) for path, answer in found.items()}
