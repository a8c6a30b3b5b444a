"""The broker's side: a Debian host, deployed with the real playbooks."""

from __future__ import annotations

import hashlib
import re
import shlex
from pathlib import Path

from rig.hosts import Run

from . import keboola
from .board import Board, Step
from .commands import Commands, DemoError
from .places import COMPANY, DEPLOYED, LOGS, ROOT, STATE, VARIABLES
from .portal_host import PortalHost
from .provider import ANALYST_EMAIL
from .recipe import fingerprint
from .state import remember
from .story import ANALYST, sync_phase, tool

__all__ = ["BrokerHost"]

UNIT = "broker-sync.service"
_TASK = re.compile(r"TASK \[(.+?)\] \**")
_RECAP = re.compile(r"broker +: ok=(\d+) +changed=(\d+)")
# A oneshot unit's start returns when it has ended; the journal is followed meanwhile.
_SYNC = f"""
journalctl --follow --lines=0 --output=cat --unit={UNIT} &
follower=$!
systemctl start {UNIT}; code=$?
kill $follower
invocation=$(systemctl show --property=InvocationID --value {UNIT})
journalctl --output=cat --lines=1 _SYSTEMD_INVOCATION_ID=$invocation
exit $code
"""


class BrokerHost:
    """The host called ``broker`` of a run."""

    def __init__(self, run: Run, board: Board, commands: Commands, source: str) -> None:
        """Nothing happens yet. ``source`` is csv or keboola."""
        self._source = source
        self._project: keboola.Project | None = None
        self._run = run
        self._board = board
        self._commands = commands
        self.portal = PortalHost(run, board, commands)

    def bring_up(self) -> None:
        """Boot, then deploy."""
        self.boot()
        if self._source == "keboola":
            self._project = keboola.serve(self._board, str(self._run.network().gateway))
            keboola.describe_tables(self._project)
            keboola.describe_source(self._project)
        self.portal.offer_sign_in()
        self.deploy()

    def boot(self) -> None:
        """Have the host up, and known to ``inventories/demo``."""
        with self._board.step("Boot the broker's host") as step:
            host = self._run.boot("broker", say=step.say)
            remember(self._run)
            step.result = f"Debian {host.release} at {host.address}"

    def deploy(self) -> None:
        """``ansible-playbook site.yml``, unless this host was deployed with this recipe."""
        with self._board.step("Deploy the broker: ansible-playbook site.yml") as step:
            if DEPLOYED.is_file() and DEPLOYED.read_text() == self._fingerprint():
                step.result = "stands, and nothing of its recipe changed"
                return
            DEPLOYED.unlink(missing_ok=True)
            fingerprint = self._fingerprint()
            self._playbook(step, "site.yml")
            DEPLOYED.write_text(fingerprint)

    def load(self) -> None:
        """Put the company where its systems would: into files, or into the project."""
        if self._project:
            keboola.load(self._board, self._project)
            return
        with self._board.step("Put the company on the broker") as step:
            ssh = shlex.join(["ssh", "-F", str(self._run.ssh_config)])
            source = f"{COMPANY / 'csv'}/"
            command = ["rsync", "-rt", "--delete", "--stats", "-e", ssh, source]
            lines = self._commands.run(step, [*command, "broker:/data/input/"], log="load")
            sent = next(line for line in lines if line.startswith("Total bytes sent"))
            step.result = f"{int(re.sub(r'[^0-9]', '', sent)) / 1e6:.1f} MB moved"

    def sync(self) -> None:
        """Start the timer's own unit and wait for its end."""
        with self._board.step(f"Sync: systemctl start {UNIT}") as step:
            command = [*self._run.host("broker").ssh(), "-o", "BatchMode=yes", _SYNC]
            step.result = self._commands.run(step, command, log="sync", show=sync_phase)[-1]

    def add_analyst(self, public_key: str) -> str:
        """``ansible-playbook add_analyst.yml``, without private data.

        Returns the line that it prints, which the operator sends to the analyst.
        """
        with self._board.step("Add an analyst: ansible-playbook add_analyst.yml") as step:
            key = STATE / f"{ANALYST}.pub"
            key.write_text(f"{public_key}\n")
            named = ("-e", f"user={ANALYST} email={ANALYST_EMAIL}", "-e", f"key={key}")
            lines = self._playbook(step, "add_analyst.yml", *named)
        printed = [line.strip().removeprefix("- ") for line in lines]
        start = next(at for at, line in enumerate(printed) if line.startswith("(h="))
        end = next(at for at, line in enumerate(printed) if line.startswith("sh start.sh "))
        return "\n".join(printed[start : end + 1])

    def _playbook(self, step: Step, *arguments: str) -> list[str]:
        name = arguments[0].removesuffix(".yml")
        env = {"ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        command = [tool("ansible-playbook"), *arguments, "-i", str(ROOT / "inventories" / "demo")]
        lines = self._commands.run(step, command, log=name, show=_task, env=env, cwd=ROOT)
        recaps = [match for line in lines if (match := _RECAP.search(line))]
        if not recaps:
            raise DemoError(f"{step.title}: it worked on no host", LOGS / f"{name}.log")
        step.result = f"ok={recaps[-1][1]} changed={recaps[-1][2]}"
        return lines

    def _fingerprint(self) -> str:
        """Of the recipe, of this inventory, and of the host that it was carried out on."""
        digest = hashlib.sha256(fingerprint().encode())
        inventory = (ROOT / "inventories/demo").rglob("*")
        for path in sorted([*filter(Path.is_file, inventory), VARIABLES]):
            if path.is_file():
                digest.update(path.read_bytes())
        machine = (self._run.host("broker").root / "etc/machine-id").read_text().strip()
        return f"{digest.hexdigest()} on {machine}\n"


def _task(line: str) -> str | None:
    match = _TASK.match(line)
    return match[1] if match else None
