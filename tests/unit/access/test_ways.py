"""Where files of one place can be reached besides, from the table of mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.access.setid import other_ways

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
