"""Codex itself, with a model that plays a script: no account, no network but loopback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rig.fakes.model import StandIn, Step

SECONDS = 120
SETTINGS = """\
model = "any"
model_provider = "script"

[model_providers.script]
name = "script"
base_url = "{url}/v1"
wire_api = "responses"
env_key = "KEY"

[analytics]
enabled = false
"""


@dataclass
class Codex:
    """One person's Codex, with a home of its own."""

    program: Path
    home: Path
    trusted: str = ""

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home),
            "KEY": "any",
        }

    def trust(self, folder: Path) -> None:
        """What the dialog of a first start in a folder writes."""
        self.trusted = f'\n[projects."{folder}"]\ntrust_level = "trusted"\n'
        self._write_settings("http://127.0.0.1:9")

    def play(self, folder: Path, *steps: Step, options: Sequence[str] = ()) -> StandIn:
        """Start it in the folder with one prompt; the model knows what its tools answered.

        Whatever the person says of hooks is taken for granted, and nothing is asked.
        """
        with StandIn(steps) as model:
            self._write_settings(model.url)
            done = self.run(
                "exec",
                *("--json", "--skip-git-repo-check", "--sandbox", "danger-full-access"),
                *("--dangerously-bypass-hook-trust", *options, "go"),
                folder=folder,
            )
        assert model.is_played, done.stdout + done.stderr
        assert done.returncode == 0, done.stderr
        return model

    def run(self, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def _write_settings(self, url: str) -> None:
        self.home.mkdir(exist_ok=True)
        (self.home / "config.toml").write_text(SETTINGS.format(url=url) + self.trusted)
