"""The pictures that ``make screenshots`` makes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.documented import ROOT

from ..judging import SIZES
from ..look.__main__ import FOR_ANYONE, LOOKS, asked_for, picture_name
from ..look.__main__ import PAGES as OF_CATALOG
from .__main__ import NEW, REFUSED
from .acts import ACTS
from .gallery import PAGES

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root alone"),
]
# Of each kind of page at least one.
ONLY = ("/metrics/orders", "/link/", "/admin/health", "welcome?", "token-shown", "-keys.make")


def test_pictures_are_made_of_what_make_is_asked_for(chromium: Browser, tmp_path: Path) -> None:
    assert chromium.is_connected()
    subprocess.run(
        ["make", "--silent", "screenshots", f"PICTURES={tmp_path}", f"ONLY={' '.join(ONLY)}"],
        cwd=ROOT,
        check=True,
        timeout=600,
    )
    kinds = (OF_CATALOG, FOR_ANYONE, PAGES, (NEW,), ACTS, REFUSED)
    names = [asked_for(kind, ONLY) for kind in kinds]
    assert all(names)
    expected = {
        picture_name(name, size, theme): SIZES[size][0]
        for found in names
        for name in found
        for size, theme in LOOKS
    }
    assert {one.name: width(one) for one in tmp_path.iterdir()} == expected
    assert len({one.read_bytes() for one in tmp_path.iterdir()}) == len(expected)


def width(picture: Path) -> int:
    """Of a PNG, in pixels."""
    content = picture.read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    return int.from_bytes(content[16:20])
