"""The page of the portal says what holds."""

from __future__ import annotations

import re
from pathlib import Path

from broker.config import load_instance
from broker.portal.identity.limits import LINKS_BY_ADDRESS, LINKS_BY_CLIENT
from broker.portal.identity.magic_links import LINK_LIFE
from tests.documented import ROOT

PAGE = (ROOT / "docs/portal.md").read_text()


def test_the_example_loads(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert example is not None
    (tmp_path / "instance.yaml").write_text(example[1])
    secrets = {"GOOGLE_CLIENT_SECRET": "a", "SMTP_PASSWORD": "b"}
    assert len(load_instance(tmp_path, secrets).auth.providers) == 1


def test_numbers() -> None:
    assert f"for {int(LINK_LIFE.total_seconds() // 60)} minutes" in PAGE
    text = " ".join(PAGE.split())
    assert f"has {LINKS_BY_ADDRESS.most} links an hour, a client {LINKS_BY_CLIENT.most}" in text
