"""Which cipher a folder asks for: by start.sh itself, as ssh reads what that wrote."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ..homes import SCRIPTS

AES, FIRST_OF_OPENSSH = "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"
# A processor that knows AES, or not; and what comes after the settings is not wanted here.
PROGRAMS = {
    "uname": "echo {system}",
    "grep": 'case "$*" in *cpuinfo) exit {code} ;; esac; exec /bin/grep "$@"',
    "sftp": "exit 1",
}


@pytest.fixture
def settings(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The folder's ssh_config after a first contact on a system whose processor is given."""
    system, knows_aes = request.param
    programs, brought = tmp_path / "programs", tmp_path / "brought"
    programs.mkdir()
    brought.mkdir()
    for name, text in PROGRAMS.items():
        place = programs / name
        place.write_text("#!/bin/sh\n" + text.format(system=system, code=0 if knows_aes else 1))
        place.chmod(0o755)
    for name in ("known_hosts", "allowed_signers"):
        (brought / name).touch()
    folder = tmp_path / "data-broker"
    done = subprocess.run(
        ["sh", SCRIPTS / "start.sh", "anna@broker.example.com", folder],
        cwd=brought,
        env={**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "did not arrive" in done.stderr
    return folder / ".broker/ssh_config"


def ciphers(settings: Path) -> list[str]:
    """Of a connection, the one that is wanted most first."""
    line = ["ssh", "-G", "-F", settings, "broker.example.com"]
    done = subprocess.run(line, check=True, capture_output=True, text=True, timeout=60)
    (found,) = (line for line in done.stdout.splitlines() if line.startswith("ciphers "))
    return found.removeprefix("ciphers ").split(",")


@pytest.mark.parametrize(
    ("settings", "first"),
    [
        (("Linux", True), AES),
        (("Linux", False), FIRST_OF_OPENSSH),
        (("Darwin", False), AES),
    ],
    indirect=["settings"],
)
def test_the_cipher_that_the_processor_knows_comes_first(settings: Path, first: str) -> None:
    found = ciphers(settings)
    assert found[0] == first
    assert {AES, FIRST_OF_OPENSSH} <= {*found}


@pytest.mark.parametrize("settings", [("Linux", True)], indirect=True)
def test_ciphers_that_a_person_names_count(settings: Path) -> None:
    settings.write_text(f"Ciphers aes128-ctr\n{settings.read_text()}")
    assert ciphers(settings) == ["aes128-ctr"]


@pytest.mark.parametrize("settings", [("Linux", True)], indirect=True)
def test_what_is_read_before_it_may_name_others(settings: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "company"
    theirs.write_text("Host *\n  Ciphers aes128-ctr\n")
    text = settings.read_text()
    assert "  Include /etc/ssh/ssh_config\n" in text
    settings.write_text(text.replace("/etc/ssh/ssh_config", str(theirs)))
    assert ciphers(settings) == ["aes128-ctr"]
