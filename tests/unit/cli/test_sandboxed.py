"""Which commands root starts in the sandbox of the service: the host's `broker`, and the page."""

from __future__ import annotations

import re

from broker.cli import COMMANDS
from tests.documented import ROOT

# With the rights of who types them. None writes the store, and none opens its Parquet on a host.
OUTSIDE = {"access", "analyst", "audit", "config", "discover", "generations", "operator"} | {
    *("portal", "profile", "replay", "runs", "status")
}


def sandboxed() -> set[str]:
    script = (ROOT / "roles/app/files/usr/local/bin/broker").read_text()
    return {*re.findall(r'"root (\w+)"', script)}


def test_each_command_runs_in_the_sandbox_or_stands_here() -> None:
    assert sandboxed() == {*COMMANDS} - OUTSIDE
    assert {*COMMANDS} >= OUTSIDE


def test_the_page_names_those_in_the_sandbox() -> None:
    page = (ROOT / "docs/security.md").read_text()
    sentence = re.search(r"what root starts with (.*?), or a new audience", page, re.DOTALL)
    assert sentence is not None
    assert {*re.findall(r"`(?:broker )?(\w+)`", sentence[1])} == sandboxed()
