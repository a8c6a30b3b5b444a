"""Claude Code itself, with a model that plays a script: no account, no network but loopback."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rig.fakes.model import StandIn, Step

SECONDS = 120
NOWHERE = "http://127.0.0.1:9"  # without it, it looks for its maker for 20 seconds


@dataclass(frozen=True)
class Played:
    """A run that has ended: its events, and the model, which knows what the tools answered."""

    returncode: int
    events: Sequence[Mapping[str, Any]]
    model: StandIn

    def hooks(self, event: str) -> list[Mapping[str, Any]]:
        """The answer of each hook of this event."""
        return [
            one
            for one in self.events
            if one.get("subtype") == "hook_response" and one.get("hook_event") == event
        ]

    @property
    def start(self) -> Mapping[str, Any]:
        return next(one for one in self.events if one.get("subtype") == "init")


@dataclass
class Claude:
    """One person's Claude Code, with a home of its own."""

    program: Path
    home: Path
    path: str = field(default_factory=lambda: os.environ["PATH"])

    @property
    def environment(self) -> dict[str, str]:
        temporary = str(self.home / "tmp")
        return {
            "PATH": self.path,
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.home / ".claude"),
            "ANTHROPIC_API_KEY": "dummy",
            "ANTHROPIC_BASE_URL": NOWHERE,
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
            "TMPDIR": temporary,
            "CLAUDE_CODE_TMPDIR": temporary,
        }

    def trust(self, folder: Path, *, accepted: bool = True) -> None:
        """What the dialog of a first start in a folder writes."""
        place = self.home / ".claude" / ".claude.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        (self.home / "tmp").mkdir(exist_ok=True)
        projects = {str(folder): {"hasTrustDialogAccepted": accepted}}
        place.write_text(json.dumps({"projects": projects}))

    def play(self, folder: Path, *steps: Step, options: Sequence[str] = ()) -> Played:
        """Start it in the folder with one prompt, and let it do what the steps say."""
        with StandIn(steps) as model:
            done = self._run(
                [
                    *("-p", "go", "--output-format", "stream-json", "--verbose"),
                    *("--include-hook-events", *options),
                ],
                folder,
                {"ANTHROPIC_BASE_URL": model.url},
            )
        events = [json.loads(line) for line in done.stdout.splitlines()]
        assert model.is_played, done.stdout + done.stderr
        return Played(done.returncode, events, model)

    def doctor(self, folder: Path) -> str:
        """What it finds wrong with the settings of a folder, among other things."""
        return self._run(["doctor"], folder, {}).stdout

    def _run(
        self, arguments: Sequence[str], folder: Path, more: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder,
            env={**self.environment, **more},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
