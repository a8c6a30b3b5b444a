"""``make portal``: the portal over the demo's data, with a provider of the demo's own."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from rig.identity_provider import HERE
from rig.node import NodeError, locked_packages, node
from tests.documented import ROOT
from tests.integration.portal.running import Browser, free_port

SECONDS = 240


@pytest.mark.timeout(SECONDS + 60)
def test_a_developer_gets_a_portal_with_data_and_signs_in(tmp_path: Path) -> None:
    try:
        locked_packages(HERE, "identity_provider")
        node()
    except (NodeError, RuntimeError) as error:
        pytest.skip(f"the provider cannot be had: {error}")
    port = free_port()
    with subprocess.Popen(
        ["make", "--silent", "portal", f"PORT={port}"],
        cwd=ROOT,
        env={**os.environ, "BROKER_DEMO_DIR": str(tmp_path / "demo")},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert f"The portal is at http://127.0.0.1:{port}\n" in lines
            browser = Browser(f"http://127.0.0.1:{port}")
            home = browser.choose_person("boss")
            assert "Hello, Boss" in home.text
            page = browser.get("/catalog/table/shop/orders")
            assert "200,000" in page.text
            assert browser.get("/admin/").status_code == 200
            assert browser.get("/catalog/table/hr/salaries").status_code == 404
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.wait(30)
