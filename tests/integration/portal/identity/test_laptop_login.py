"""A laptop is let in by a person who signs in by a real provider, at a portal that runs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ..running import Browser, RunningPortal

pytestmark = pytest.mark.xdist_group("portal-sign-in")


def test_a_person_of_the_provider_lets_a_laptop_in(
    portal: RunningPortal, browser: Browser, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    (folder / ".broker").mkdir(parents=True)
    key = folder / ".broker/id_ed25519"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    (folder / ".broker/ssh_config").write_text(f'IdentityFile "{key}"\n')
    (folder / ".broker/host").write_text("ann@broker.example.test\n")
    line = [sys.executable, "-m", "broker.laptop", "--folder", str(folder), "login"]
    with subprocess.Popen(
        [*line, "--portal", portal.origin],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        shown = process.stdout.readline()
        found = re.fullmatch(r"Open (\S+) in a browser and type the code (\S+)\n", shown)
        assert found is not None, shown
        browser.choose_person("1001")
        page = browser.submit(browser.get(found[1]), "/device", code=found[2])
        assert "laptop " in page.text
        # The form that refuses has the same address; the first one lets in.
        browser.submit(page, "/device/answer")
        _, errors = process.communicate(timeout=120)
    # She has no account here: the portal's sentence is shown, and the token stays.
    assert process.returncode == 1
    assert "none of the keys of this folder" in errors
    assert "You have no account on the host yet" in errors
    token = json.loads((folder / ".broker/portal-token.json").read_text())
    assert token["origin"] == portal.origin
    assert token["text"] not in shown + errors
    again = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 1
    assert "type the code" not in again.stdout
