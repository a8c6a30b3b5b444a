"""A laptop that is a booted host: a real systemd of the person's syncs a folder by itself."""

from __future__ import annotations

import shlex
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from rig.hosts import DEFAULT, Host, Run
from rig.hosts.image import ensure
from rig.hosts.shell import wait_for
from tests.documented import ROOT, documented
from tests.integration.laptop.homes import Home, make_home

pytestmark = pytest.mark.system

PREPARE = """
apt-get -q update
apt-get -q -y install --no-install-recommends rsync python3-venv libpam-systemd dbus-user-session
useradd --create-home --shell /bin/bash anna
install -d -o anna -g anna -m 700 ~anna/.ssh
runuser -u anna -- ssh-keygen -q -t ed25519 -N '' -f ~anna/.ssh/id_ed25519
"""
# A name that unit files and shells would each take for something else.
FOLDER = '/home/anna/100% anna\'s "data" é $HOME'
MOVED = "/home/anna/moved %h"


@dataclass
class Lap:
    """``anna`` on a host that is her laptop and, over ssh to itself, her broker."""

    host: Host
    home: Home

    def type(self, command: str, folder: str = FOLDER) -> str:
        """In a session of hers; ends with the exit code."""
        line = f"cd {shlex.quote(folder)} && {{ {command}\n}} 2>&1; echo exit $?"
        return self.host.run(line, user="anna", key=self.host.private_key, timeout=300).stdout

    def well(self, command: str, folder: str = FOLDER) -> str:
        output = self.type(command, folder)
        assert output.endswith("exit 0\n"), output
        return output.removesuffix("exit 0\n")

    def first_contact(self) -> None:
        (command,) = documented("analyst-first-contact")
        key = self.host.run("cat /etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
        signer = (self.home.path / "server/scripts/allowed_signers").read_text().split()[-1]
        for word, value in {
            "KEY_OF_THE_HOST": key,
            "KEY_THAT_SIGNS": signer,
            "YOUR_OWN_KEY": self.host.run("cat ~anna/.ssh/id_ed25519.pub").stdout.strip(),
            "broker.example.com": "localhost",
            "~/data-broker": shlex.quote(FOLDER),
        }.items():
            command = command.replace(word, value)
        assert "2 tables, 3 rows, signed" in self.well(command, "/home/anna")
        settings = self.well("cat .broker/ssh_config")
        assert 'IdentityFile "/home/anna/.ssh/id_ed25519"' in settings

    def publish(self, store: int) -> None:
        """Have one store, of this number."""
        self.home.table("stores", f"SELECT {store}::BIGINT AS id, 'Brno' AS name")
        self.home.publish()
        self.upload()

    def upload(self) -> None:
        source = self.home.path.parents[1]
        shell, target = f"ssh -F {self.host.ssh_config}", f"{self.host.name}:{source}/"
        self.host.run(f"mkdir -p {source} && install -d -o anna ~anna/user")
        subprocess.run(["rsync", "-a", "--delete", "-e", shell, f"{source}/", target], check=True)
        self.host.run(f"ln -sfn {self.home.path}/server ~anna/server && chmod -R a+rX {source}")

    def has_store(self, number: int, folder: str = FOLDER) -> bool:
        query = "bash server/scripts/broker.sh sql --csv 'SELECT id FROM stores'"
        return f"\n{number}\n" in self.well(query, folder).replace("\r", "")

    def made(self) -> list[str]:
        """The files of timers, and links to them, wherever they stand in her home."""
        names = "-name 'data-broker-*.timer' -o -name 'data-broker-*.service'"
        found = self.well(f"find ~ {names}", "/home/anna")
        return sorted(Path(line).name for line in found.splitlines())

    def show(self, unit: str, name: str) -> str:
        return self.well(f"systemctl --user show --value --property={name} {unit}").strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    line = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", folder]
    subprocess.run(line, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def prepare(host: Host) -> None:
    host.exec("sh", "-ec", PREPARE, timeout=300)


@pytest.fixture
def lap(hosts_run: Run, wheel: Path, tmp_path: Path) -> Iterator[Lap]:
    release, name = DEFAULT, f"timers-{uuid.uuid4().hex[:8]}"
    image = ensure(hosts_run, "timers", release, key=PREPARE, prepare=prepare)
    host = hosts_run.boot(name, release, disks=image.disks)
    host.run("cat /root/.ssh/authorized_keys ~anna/.ssh/id_ed25519.pub >~anna/.ssh/authorized_keys")
    # As long as the test lasts: a session that ends takes its manager along.
    host.run("loginctl enable-linger anna")
    made = Lap(host, make_home(tmp_path / "published", wheel))
    made.upload()
    made.first_contact()
    yield made
    hosts_run.remove(name)


def test_a_folder_syncs_by_itself_until_that_is_switched_off(lap: Lap) -> None:
    on, status, off = documented("analyst-schedule")
    assert "schedule: it syncs by itself every hour, next at 20" in lap.well(on)
    _, timer, link = lap.made()
    assert link == timer  # below timers.target.wants
    assert lap.show(timer, "ActiveState") == "active"
    lap.well("mkdir ~/.config/systemd/user/mine.timer.d; touch ~/.config/systemd/user/mine.service")
    lap.publish(8)
    # The next hour, brought near: every two seconds, and none of the delay.
    lap.well(
        f"mkdir ~/.config/systemd/user/{timer}.d && printf "
        "'[Timer]\\nOnCalendar=\\nOnCalendar=*:*:0/2\\nRandomizedDelaySec=0\\nAccuracySec=1\\n' "
        f">~/.config/systemd/user/{timer}.d/soon.conf && systemctl --user daemon-reload "
        f"&& systemctl --user restart {timer}"
    )
    wait_for("a sync by the timer", lambda: lap.has_store(8), seconds=90)
    lap.well(f"rm -r ~/.config/systemd/user/{timer}.d; systemctl --user daemon-reload")
    wait_for(
        "the end of it",
        lambda: "with exit code 0" in lap.type(status),
        seconds=60,
    )
    assert "schedule: it syncs by itself every hour" in lap.type(
        "bash server/scripts/broker.sh status"
    )
    assert f"removed /home/anna/.config/systemd/user/{timer}" in lap.well(off)
    assert lap.made() == []
    assert lap.well("find ~/.local/share/systemd -name '*data-broker*'") == ""
    assert lap.show(timer, "LoadState") == "not-found"
    assert lap.well("ls ~/.config/systemd/user").split() == [
        "mine.service",
        "mine.timer.d",
        "timers.target.wants",
    ]
    assert lap.well(status) == "schedule: off\n"


def test_a_folder_that_was_moved_is_not_synced_and_its_timer_says_so(lap: Lap) -> None:
    on, status, off = documented("analyst-schedule")
    lap.well(on)
    service, *_ = lap.made()
    lap.well(f"mv {shlex.quote(FOLDER)} {shlex.quote(MOVED)}", "/home/anna")
    assert lap.well(f"systemctl --user start {service}", "/home/anna") == ""
    assert lap.host.run(f"systemctl --user -M anna@ show -P ConditionResult {service}").stdout == (
        "no\n"
    )
    output = lap.type(status, MOVED)
    assert f"its timer was made for {FOLDER}, where this folder stood then" in output
    assert output.endswith("exit 3\n")
    assert lap.well(off, MOVED).count("removed ") == 2
    lap.well(on, MOVED)
    service, *_ = lap.made()
    lap.publish(9)
    # Its environment is the one of a timer: in the folder of a name with a specifier.
    where = shlex.quote(MOVED)
    assert (
        "exit 0"
        in lap.host.run(
            f"systemctl --user -M anna@ start {service}; echo exit $?; test -d {where}"
        ).stdout
    )
    assert lap.has_store(9, MOVED)


def test_a_key_that_only_an_agent_knows_is_refused(lap: Lap) -> None:
    (on, *_) = documented("analyst-schedule")
    output = lap.type(
        "eval $(ssh-agent) && ssh-add -q ~/.ssh/id_ed25519 && "
        "ssh-keygen -q -p -P '' -N secret -f ~/.ssh/id_ed25519 && "
        "bash server/scripts/sync_data.sh --quiet && "
        f"{on}; code=$?; kill $SSH_AGENT_PID; (exit $code)"
    )
    assert output.endswith("exit 1\n"), output
    assert "your key works through the ssh-agent of this session alone" in output
    assert "IdentityFile ~/.ssh/YOUR_KEY" in output
    assert lap.made() == []
