"""The program and the roles mean the same places of a host."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker import hostpaths
from tests.documented import ROOT

PLACES = {
    name: place
    for name, place in vars(hostpaths).items()
    if name in hostpaths.__all__ and isinstance(place, Path)
}
WRITTEN_BY_THE_PROGRAM = {
    "PORTAL_STATE",  # until the role of the portal makes it
    *(
        "PULLS_CURSOR",
        "SYNCS",
        "RUN",
        "PROOF",
        "VALID_CERTIFICATES",
        "STORE_OWNERS",
    ),
}
OWN = r"(?:/(?:etc|var/lib|var/log|opt)/data-broker|/data/src_data|/run/broker-)"


def text_of(*folders: str) -> str:
    paths = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    return "\n".join(path.read_text() for path in paths if path.suffix != ".pyc")


@pytest.mark.parametrize("name", sorted({*PLACES} - WRITTEN_BY_THE_PROGRAM))
def test_the_roles_make_this_place(name: str) -> None:
    assert re.search(rf"{PLACES[name]}(?![\w.])", text_of("roles", "library"))


def test_no_other_file_of_the_program_names_a_place_of_its_own() -> None:
    files = [*(ROOT / "src/broker").rglob("*.py"), *(ROOT / "library").glob("*.py")]
    files.remove(ROOT / "src/broker/hostpaths.py")
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in files
        for line in path.read_text().splitlines()
        if re.search(rf'Path\("{OWN}', line)
    ]
    assert found == []
