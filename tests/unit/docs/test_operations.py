"""docs/operations.md names what stands on a host, as ``broker.hostpaths`` has it."""

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


def named() -> set[Path]:
    """Each path of the table: those of the first column, and what a row names inside of them."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = text.partition("\n## What stands on a host\n")[2].partition("\n## ")[0]
    found = set()
    for row in re.findall(r"^\| (`/.*?) \| (.*?) \|", section, re.MULTILINE):
        firsts = [Path(one) for one in re.findall(r"`([^`]+)`", row[0])]
        inside = re.findall(r"`([^`]+)`", row[1])
        found |= {*firsts, *(first / one for first in firsts for one in inside)}
    return found


@pytest.mark.parametrize("name", sorted(PLACES))
def test_each_place_of_the_broker_stands_in_the_table(name: str) -> None:
    place = PLACES[name]
    assert [one for one in named() if one == place or one.is_relative_to(place)]
