from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from demo import portal_host, provider, state
from demo.board import Board
from demo.commands import Commands, DemoError
from demo.portal_host import PortalHost
from rig.hosts import Run


class Host:
    address = "10.77.1.2"

    def ssh(self) -> list[str]:
        return ["ssh", "broker"]


class Recorded:
    """Commands that end well and answer nothing."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def run(self, *_: Any, stdin: str, **__: Any) -> list[str]:
        self.scripts.append(stdin)
        return []


RUN = cast(
    Run,
    SimpleNamespace(host=lambda _: Host(), network=lambda: SimpleNamespace(gateway="10.77.1.1")),
)


@pytest.fixture
def variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "variables.json"
    file.write_text('{"broker_secrets": {"KEBOOLA_TOKEN": "x"}, "broker_auth": {"old": 1}}')
    monkeypatch.setattr(state, "VARIABLES", file)
    return file


def offered(recorded: Recorded) -> tuple[PortalHost, str]:
    output = io.StringIO()
    board = Board(Console(file=output, width=400))
    made = PortalHost(RUN, board, cast(Commands, recorded))
    made.offer_sign_in()
    return made, output.getvalue()


def test_the_inventory_names_the_provider_beside_what_it_has(
    variables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "serve", lambda *_: ("http://127.0.0.1:4444", "s3cret"))
    recorded = Recorded()
    _, output = offered(recorded)
    assert "oidc-provider at http://127.0.0.1:4444" in output
    found = json.loads(variables.read_text())
    assert found["broker_secrets"] == {"KEBOOLA_TOKEN": "x"}
    assert found["broker_portal_secrets"] == {"DEMO_SECRET": "s3cret"}
    assert found["broker_auth"] == provider.auth("http://127.0.0.1:4444")
    (script,) = recorded.scripts
    assert "ListenStream=127.0.0.1:4444\n" in script
    assert "systemd-socket-proxyd 10.77.1.1:4444\n" in script


def test_without_a_provider_the_demo_says_so_and_goes_on(
    variables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: str) -> tuple[str, str]:
        raise DemoError("Start an identity provider: it does not serve: npm does not answer")

    monkeypatch.setattr(provider, "serve", unavailable)
    recorded = Recorded()
    made, output = offered(recorded)
    assert (
        "no provider, so people get in by the admin's link alone (it does not serve: npm does "
        "not answer)" in output
    )
    assert json.loads(variables.read_text()) == {"broker_secrets": {"KEBOOLA_TOKEN": "x"}}
    monkeypatch.setattr(portal_host, "look_around", unavailable)
    made.look_around("ssh-ed25519 AAAA")
    assert recorded.scripts == []
