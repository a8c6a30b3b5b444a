"""opencode itself, with a model that plays a script: no account, no network but loopback."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rig.fakes.model import StandIn, Step

SECONDS = 120


@dataclass
class OpenCode:
    """One person's opencode, with a home of its own."""

    program: Path
    home: Path

    def play(self, folder: Path, *steps: Step) -> StandIn:
        """Start it in the folder with one prompt; the model knows what its tools answered."""
        with StandIn(steps) as model:
            self._write_settings(model.url)
            done = subprocess.run(
                [self.program, "run", "go", "--format", "json"],
                cwd=folder,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.home),
                    "OPENCODE_DISABLE_AUTOUPDATE": "1",
                    "OPENCODE_DISABLE_MODELS_FETCH": "1",
                },
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        assert model.is_played, done.stdout + done.stderr
        assert done.returncode == 0, done.stderr
        return model

    def _write_settings(self, url: str) -> None:
        place = self.home / ".config" / "opencode" / "opencode.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        options = {"baseURL": f"{url}/v1", "apiKey": "any"}
        settings = {
            "model": "anthropic/claude-sonnet-4-5",
            "provider": {"anthropic": {"options": options}},
            "autoupdate": False,
        }
        place.write_text(json.dumps(settings))
