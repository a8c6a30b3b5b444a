"""The portal as a process, and a browser without a screen."""

from __future__ import annotations

import socket
import subprocess
import sys
from itertools import count
from pathlib import Path
from typing import Any

import requests
import yaml

from rig.form_browser import FormBrowser
from tests.documented import ROOT

START_SECONDS = 60
_ADDRESSES = count(1)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
    return port


class RunningPortal:
    """``python -m broker.portal`` over a folder, on a port that stays the same when restarted."""

    def __init__(self, folder: Path, instance: dict[str, Any], **secrets: str) -> None:
        self.folder, self.state = folder, folder / "state"
        self.config = folder / "config"
        self.config.mkdir(parents=True)
        self.origin = instance["instance"]["origin"]
        (self.config / "instance.yaml").write_text(yaml.safe_dump(instance))
        (self.config / ".env").write_text(
            "".join(f"{name}='{value}'\n" for name, value in secrets.items())
        )
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [sys.executable, "-m", "broker.portal", "--config", str(self.config)]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [*command, "--state", str(self.state), "--data", str(self.folder / "data")],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == f"The portal is at {self.origin}\n", self.log
        assert requests.get(f"{self.origin}/healthz", timeout=START_SECONDS).text == "ok\n"

    def stop(self, *, kill: bool = False) -> None:
        """End it."""
        if self._process is None:
            return
        (self._process.kill if kill else self._process.terminate)()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    @property
    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "log").read_text()


class Browser(FormBrowser):
    """A browser with an address of its own, as a proxy would say it: the limits are per address."""

    def __init__(self, origin: str) -> None:
        super().__init__(origin)
        self.headers["X-Forwarded-For"] = f"192.0.2.{next(_ADDRESSES)}"
