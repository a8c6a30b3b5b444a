from __future__ import annotations

from pathlib import Path

import pytest

from rig.hosts import base, outer, releases
from rig.hosts.shell import HostError


@pytest.mark.parametrize("name", ["13", "trixie", "debian-13"])
def test_a_release_has_three_names(name: str) -> None:
    assert releases.find(name) is releases.RELEASES[0]


def test_an_unknown_release_is_answered_with_the_known_ones() -> None:
    with pytest.raises(HostError, match=r"known: 13 \(trixie\), 12 \(bookworm\)"):
        releases.find("11")


def test_a_base_that_stands_is_not_built_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_HOSTS_DIR", str(tmp_path))
    built: list[Path] = []

    def build(_command: list[str], *, apt_sources: str, target: Path) -> None:
        assert "trixie-security" in apt_sources
        target.mkdir(parents=True)
        built.append(target)

    monkeypatch.setattr(outer, "apt_sources", lambda release: f"{release.codename}-security")
    monkeypatch.setattr(base, "_build", build)
    lines: list[str] = []
    first = base.ensure(releases.DEFAULT, lines.append)
    assert base.ensure(releases.DEFAULT, lines.append) == first
    assert built == [first]
    assert len(lines) == 1

    monkeypatch.setattr(base, "PACKAGES", (*base.PACKAGES, "rsync"))
    second = base.ensure(releases.DEFAULT, lines.append)
    assert second != first
    assert built == [first, second]


def test_another_certificate_is_another_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKER_HOSTS_DIR", str(tmp_path / "hosts"))
    monkeypatch.setattr(outer, "apt_sources", lambda _release: "")
    monkeypatch.setattr(base, "_build", lambda _command, **places: places["target"].mkdir())
    certificate = tmp_path / "company.crt"
    monkeypatch.setattr(outer, "certificates", lambda: [certificate])

    certificate.write_text("one")
    first = base.ensure(releases.DEFAULT, str)
    certificate.write_text("another")
    assert base.ensure(releases.DEFAULT, str) != first


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (
            "E: Failed to fetch http://deb.debian.org/debian/dists/trixie/InRelease  Temporary "
            "failure resolving 'deb.debian.org'\nE: mmdebstrap failed to run",
            "Debian's archive cannot be reached",
        ),
        (
            "E: Failed to fetch http://deb.debian.org/x  Write error - write (28: No space left on "
            "device)\nE: mmdebstrap failed to run",
            "the disk is full",
        ),
        (
            "E: The repository 'http://deb.debian.org/debian trixie InRelease' is not signed.",
            "the signature of Debian's archive cannot be verified",
        ),
        ("I: running\nE: tar \x1b[31mfailed: 512\nE: mmdebstrap failed", "tar ?[31mfailed: 512"),
        ("", "mmdebstrap ended without a message"),
    ],
)
def test_a_failed_build_is_one_sentence(output: str, sentence: str) -> None:
    assert base.reason(output).startswith(sentence)
    assert "\n" not in base.reason(output)
