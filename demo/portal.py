"""The portal over the company's data on this machine alone, for those who change its pages."""

from __future__ import annotations

import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from rig.identity_provider import ProviderProcess

from .board import Board
from .commands import Commands, DemoError
from .local import DATA, publish
from .places import STATE
from .provider import PEOPLE, SECRET, auth

__all__ = ["PORTAL", "serve_portal"]

PORTAL = STATE / "portal"


def serve_portal(board: Board, commands: Commands, port: int) -> int:
    """Publish the company's tables if need be, then serve until it is interrupted: its exit code.

    People sign in by a provider of the demo's own, which takes their word for who they are.
    """
    with board:
        config = publish(board, commands, "csv")
    origin = f"http://127.0.0.1:{port}"
    with _provider(origin) as (provider, secret):
        settings = PORTAL / "config"
        _configure(config, settings, origin, provider.issuer, secret)
        command = [sys.executable, "-m", "broker.portal", "--config", str(settings)]
        command += ["--data", str(DATA), "--state", str(PORTAL / "state")]
        try:
            return subprocess.run(command, check=False).returncode
        except KeyboardInterrupt:
            return 0


@contextmanager
def _provider(origin: str) -> Iterator[tuple[ProviderProcess, str]]:
    secret = secrets.token_urlsafe(24)
    try:
        process = ProviderProcess(
            [f"{origin}/sign-in/demo/callback"], client_secret=secret, people=PEOPLE
        )
    except Exception as error:
        raise DemoError(f"the provider of the demo does not start: {error}") from error
    try:
        yield process, secret
    finally:
        process.stop()


def _configure(company: Path, folder: Path, origin: str, issuer: str, secret: str) -> None:
    """The company's settings, and who may sign in."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    instance: dict[str, Any] = yaml.safe_load((company / "instance.yaml").read_text())
    instance["instance"]["origin"] = origin
    instance["auth"] = auth(issuer)
    (folder / "instance.yaml").write_text(yaml.safe_dump(instance))
    (folder / ".env").write_text(f"{SECRET}='{secret}'\n")
