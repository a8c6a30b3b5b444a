"""Files with a setuid bit: a few of each account are named; and how else a place is reached."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.access import Areas
from broker.access.owners import account
from broker.access.setid import other_ways, setid_violations


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


MOUNTS = r"""
1 0 0:30 / / rw,relatime shared:1 - overlay overlay rw
2 1 0:30 /home /srv/broker/home rw,nosuid,nodev,noexec - overlay overlay rw
3 1 0:30 /home /home rw,nosuid,nodev - overlay overlay rw
4 2 0:30 /home /srv/broker/home rw - overlay overlay rw
5 1 0:30 /home/a\040b /mnt/one rw - overlay overlay rw
6 1 0:31 / /tmp rw - tmpfs tmpfs rw
7 1 0:31 /broker /mnt/temporary rw - tmpfs tmpfs rw
8 1 0:30 / /mnt/all rw - overlay overlay rw
9 3 0:30 /home/bob /home/bob rw - overlay overlay rw
"""


@pytest.mark.parametrize(
    ("place", "ways"),
    [
        ("/home", ["/mnt/all/home", "/mnt/one", "/srv/broker/home"]),
        ("/tmp", ["/mnt/temporary"]),  # noqa: S108 - nothing is written there
        ("/var/tmp", ["/mnt/all/var/tmp"]),  # noqa: S108 - nothing is written there
    ],
)
def test_every_mount_that_shows_a_place_or_a_part_of_it(
    place: str, ways: list[str], tmp_path: Path
) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(MOUNTS.lstrip())
    assert other_ways(Path(place), table) == [Path(way) for way in ways]


def test_a_table_without_a_root_shows_nothing(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("")
    assert other_ways(Path("/home"), table) == []
