"""The analyst's side: a small host with an ordinary user, ssh, rsync and Python."""

from __future__ import annotations

import shlex
from typing import ClassVar

from rig.hosts import Run

from .board import Board, Step
from .commands import Commands
from .questions import ASK, Answer, ask
from .state import remember
from .story import ANALYST, sync_result

__all__ = ["LaptopHost"]


class LaptopHost:
    """The host called ``laptop`` of a run."""

    FOLDER: ClassVar = f"/home/{ANALYST}/juniper-lane"
    PYTHON: ClassVar = f"{FOLDER}/.broker/venv/bin/python"
    DATABASE: ClassVar = f"{FOLDER}/user/duckdb/analytics.duckdb"

    def __init__(self, run: Run, board: Board, commands: Commands) -> None:
        """Nothing happens yet."""
        self._run = run
        self._board = board
        self._commands = commands

    def bring_up(self) -> None:
        """Boot, then prepare."""
        self.boot()
        self.prepare()

    def boot(self) -> None:
        """Have the host up."""
        with self._board.step("Boot the analyst's laptop") as step:
            host = self._run.boot("laptop", say=step.say)
            remember(self._run)
            step.result = f"Debian {host.release} at {host.address}"

    def prepare(self) -> None:
        """What an analyst has: an account of their own, a key, rsync, Python."""
        with self._board.step("Give it rsync and Python") as step:
            ssh = [*self._run.host("laptop").ssh(), "-o", "BatchMode=yes", "sh -s"]
            self._commands.run(step, ssh, log="laptop-packages", stdin=_PREPARE)

    def public_key(self) -> str:
        """What the analyst sends to the operator."""
        return self._as_analyst(Step("Read the analyst's key"), "cat ~/.ssh/id_ed25519.pub")[-1]

    def sync(self, first_contact: str) -> None:
        """Paste the line that the operator got for the analyst; a second time it converges."""
        with self._board.step("On the laptop: first contact, sync over ssh, verify, views") as step:
            line = first_contact.replace("~/data-broker", self.FOLDER)
            sync_result(step, self._as_analyst(step, line))

    def ask(self) -> list[Answer]:
        """The questions, asked in the analyst's own DuckDB."""
        with self._board.step("Ask three questions in SQL") as step:
            command = f"{self.PYTHON} -c {shlex.quote(ASK)}"
            return ask(self.DATABASE, lambda text: self._as_analyst(step, command, stdin=text))

    def _as_analyst(self, step: Step, command: str, stdin: str | None = None) -> list[str]:
        host = self._run.host("laptop")
        ssh = [*host.ssh(user=ANALYST, key=host.private_key), "-o", "BatchMode=yes"]
        return self._commands.run(step, [*ssh, command], log="laptop", show=_short, stdin=stdin)


def _short(line: str) -> str | None:
    return None if line.startswith("{") else line


# The lock is for a run after a Ctrl-C: what that left working on the host ends first.
_PREPARE = f"""set -e
exec 9> /run/demo-prepare.lock
flock 9
if ! command -v rsync || ! python3 -c 'import ensurepip'; then
    apt-get -q update </dev/null
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install \\
        rsync python3-venv </dev/null
fi
id {ANALYST} >/dev/null 2>&1 || useradd --create-home --shell /bin/bash {ANALYST}
install -d -m 700 /home/{ANALYST}/.ssh
cp /root/.ssh/authorized_keys /home/{ANALYST}/.ssh/authorized_keys
[ -f /home/{ANALYST}/.ssh/id_ed25519 ] ||
    ssh-keygen -q -t ed25519 -N '' -C {ANALYST}@laptop -f /home/{ANALYST}/.ssh/id_ed25519
chown -R {ANALYST}: /home/{ANALYST}
"""
