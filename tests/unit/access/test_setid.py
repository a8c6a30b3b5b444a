"""What one account leaves fills no proof: a few of its files are named, the others counted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.access import Areas
from broker.access.owners import account
from broker.access.setid import setid_violations


@pytest.fixture
def areas(tmp_path: Path) -> Areas:
    homes = tmp_path / "homes"
    homes.mkdir()
    return Areas(data=tmp_path / "data", homes=homes, temporary=())


def violations(areas: Areas) -> list[str]:
    return [str(found) for found in setid_violations(areas)[1] if "mounted" not in found.problem]


def leave(folder: Path, number: int) -> None:
    for name in range(number):
        path = folder / str(name)
        path.touch()
        path.chmod(0o4755)


@pytest.mark.parametrize(("number", "more"), [(20, []), (1025, ["1,005"])])
def test_many_files(areas: Areas, number: int, more: list[str]) -> None:
    leave(areas.homes, number)
    found = violations(areas)
    me = account(os.getuid())
    named = [line for line in found if line.startswith(f"{me}: {areas.homes}/")]
    assert len(named) == 20
    assert [line for line in found if line not in named] == [
        f"{me}: {areas.homes} has {count} more files with a setuid or setgid bit" for count in more
    ]


def test_a_long_path(areas: Areas) -> None:
    folder = areas.homes.joinpath(*["d" * 200] * 10)
    folder.mkdir(parents=True)
    leave(folder, 1)
    (line,) = violations(areas)
    assert line.endswith("d... has a setuid or setgid bit")
    assert len(line) < 1100
