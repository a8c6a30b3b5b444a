from __future__ import annotations

import pytest

from rig.hosts import sources
from rig.hosts.releases import RELEASES, Release

TRIXIE, BOOKWORM = RELEASES
MIRROR = "http://mirror.example/debian"


@pytest.mark.parametrize("outer", ["bookworm", "trixie"])
@pytest.mark.parametrize("release", RELEASES)
def test_mirrors_stay_and_suites_follow_the_release(outer: str, release: Release) -> None:
    indexes = f"""\
{MIRROR}/ main {outer} Debian
{MIRROR}/ contrib {outer} Debian
{MIRROR}/ main {outer}-updates Debian
{MIRROR}/ main {outer}-backports Debian Backports
{MIRROR}/ main {outer}-backports Debian
{MIRROR}-security/ main {outer}-security Debian
https://vendor.example/apt/ main {outer} vendor
https://unsigned.example/apt/ main {outer}
"""
    assert sources.derive(indexes, release) == (
        f"deb {MIRROR}/ {release.codename} main\n"
        f"deb {MIRROR}/ {release.codename}-updates main\n"
        f"deb {MIRROR}-security/ {release.codename}-security main\n"
    )


def test_an_index_named_twice_is_one_source() -> None:
    line = f"{MIRROR}/ main bookworm Debian\n"
    assert sources.derive(line + line, TRIXIE) == f"deb {MIRROR}/ trixie main\n"


def test_another_distribution_names_no_mirror_and_the_public_one_does() -> None:
    assert sources.derive("http://archive.example/ubuntu/ main noble Ubuntu\n", BOOKWORM) == ""
    assert sources.derive(sources.PUBLIC, BOOKWORM).splitlines()[-1] == (
        "deb http://deb.debian.org/debian-security/ bookworm-security main"
    )
