"""A deploy refuses first and switches last, and leaves a host that works whatever it found."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.hosts import DEFAULT, RELEASES, Run, wait_for
from rig.hosts.disk import own
from tests.unit.accounts.scratch import public_key

from .deploy import ROOT, STATE, Broker, Played, pristine

pytestmark = pytest.mark.system

IN_FORCE = """
cat /etc/data-broker/instance.yaml /etc/data-broker/data_description.md /etc/data-broker/environment
readlink /opt/data-broker/current
cat /etc/systemd/system/broker-run-.service.d/sandbox.conf
find /etc/data-broker -path '*/credentials/[!.]*' -exec grep -H . {} +
"""
SWITCH = "Ensure that the host uses this release"
CALLBACKS = str(Path(__file__).with_name("callbacks"))
# Each changes another file of the switch; a source in a cloud brings another release.
CHANGES = {
    "broker_instance": {"name": "Second"},
    "broker_install_environment": {"PIP_NO_COMPILE": "1"},  # only to be quicker
    "broker_environment": {"no_proxy": "internal.example.com"},
    "broker_secrets": {"KEY": "s3cret"},
    "broker_data_source": {
        "type": "csv",
        "path": "s3://bucket/folder",
        "storage": {"key": "${KEY}"},
    },
}


@pytest.fixture
def broker(hosts_run: Run) -> Iterator[Broker]:
    with pristine(hosts_run, DEFAULT) as made:
        yield made


def in_force(broker: Broker) -> str:
    return broker.host.exec("sh", "-c", IN_FORCE).stdout


def cut_off(broker: Broker, monkeypatch: pytest.MonkeyPatch, at: str, *arguments: str) -> Played:
    with monkeypatch.context() as patch:
        patch.setenv("ANSIBLE_CALLBACK_PLUGINS", CALLBACKS)
        patch.setenv("ANSIBLE_CALLBACKS_ENABLED", "cut_off")
        patch.setenv("CUT_OFF_AT", at)
        return broker.play("site.yml", *arguments, check=False)


def test_a_deploy_that_is_cut_off_anywhere_is_all_old_or_all_new(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = ("-e", json.dumps(CHANGES))
    old = in_force(broker)
    assert cut_off(broker, monkeypatch, SWITCH, *changes).code < 0
    assert in_force(broker) == old
    # BROKER_CUT_OFF_AT=0-120 tries every task, in this order.
    first, _, last = os.environ.get("BROKER_CUT_OFF_AT", "").partition("-")
    numbers = range(int(first), int(last) + 1) if last else [random.randrange(100)]  # noqa: S311  no secret
    for number in numbers:
        cut_off(broker, monkeypatch, str(number), *changes)
        state = in_force(broker)
        assert state == old or is_new(state, old), f"cut off at task {number}\n{state}"

    broker.play("site.yml", *changes)
    state = in_force(broker)
    assert is_new(state, old), state


SSHD = "sha256sum /etc/ssh/sshd_config.d/*"
TRIAL = "/var/lib/data-broker/sshd_config.d"


def test_where_the_power_goes_in_a_trial_of_sshd_the_host_starts_with_the_old_configuration(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the new one nobody might get in, and its timer is gone."""
    host = broker.host
    before = host.exec("sh", "-c", SSHD).stdout
    tried = ("--tags", "ssh", "-e", "broker_ssh_hardened=false")
    used = "Ensure that sshd uses the new configuration"
    assert cut_off(broker, monkeypatch, used, *tried).code < 0
    assert host.exec("sh", "-c", SSHD).stdout != before
    host.reboot()
    assert host.exec("sh", "-c", SSHD).stdout == before
    assert host.exec("test", "-e", TRIAL, check=False).returncode == 1
    assert "passwordauthentication no" in host.run("sshd -T").stdout
    assert broker.play("site.yml", "--tags", "ssh").changed == 0


def test_a_trial_of_sshd_that_was_over_too_soon_is_told_in_plain_words(broker: Broker) -> None:
    """As where its time is up before the operator is in, or the host was restarted meanwhile."""
    over = "/usr/local/sbin/systemd-run"
    broker.host.exec("sh", "-ec", f"printf '#!/bin/sh\n' > {over}; chmod 755 {over}")
    try:
        tried = ("--tags", "ssh", "-e", "broker_ssh_hardened=false")
        played = broker.play("site.yml", *tried, check=False)
    finally:
        broker.host.exec("rm", over)
    assert played.code == 2
    assert "has gone back to the configuration of sshd" in " ".join(played.output.split())
    assert broker.play("site.yml", "--tags", "ssh").failed == 0


def test_a_release_that_is_known_to_be_complete_is_on_the_disk(
    broker: Broker, tmp_path: Path
) -> None:
    """The disk is read as it would be found after the power went."""
    disk = own(broker.host.folder)
    if not disk.is_file():
        pytest.skip("hosts have a folder instead of a disk where there are no loop devices")
    release = broker.host.run("readlink /opt/data-broker/current").stdout.strip()
    broker.host.exec("rm", "-r", release)
    broker.play("site.yml", "--tags", "app_release")
    copy, place = tmp_path / "disk.img", tmp_path / "disk"
    subprocess.run(["cp", "--sparse=always", disk, copy], check=True)
    place.mkdir()
    subprocess.run(["mount", "-o", "loop,ro", copy, place], check=True)
    try:
        (complete,) = place.glob(f"*/{release.lstrip('/')}/complete")
        code = next(complete.parent.glob("venv/lib/*/site-packages/broker/cli/__init__.py"))
        assert code.stat().st_size > 0
        assert complete.stat().st_size > 0
        assert code.read_bytes() == (ROOT / "src/broker/cli/__init__.py").read_bytes()
    finally:
        subprocess.run(["umount", place], check=True)
        copy.unlink()


def test_what_works_on_a_release_keeps_it_while_another_one_is_deployed(
    broker: Broker, tmp_path: Path
) -> None:
    """A transfer imports what notes it only at its end: an analyst saw a traceback instead."""
    host, key = broker.host, tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    broker.play("add_analyst.yml", "-e", "user=kim", "-e", f"key={key}.pub")
    host.exec("tee", "/data/input/cities.csv", stdin="city_id,name\n1,Windhoek\n")
    host.run("systemctl start broker-sync.service")
    old = host.run("readlink /opt/data-broker/current").stdout.strip()
    pull = "rsync --server --sender -logDtpre.iLsfxCIvu . server/parquet/"
    with subprocess.Popen(
        [*host.ssh(user="kim", key=key), pull],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as session:
        wait_for("the transfer", lambda: "kim pulls" in host.journal(lines=200), seconds=60)
        broker.play("site.yml", "-e", json.dumps({**CHANGES, "broker_keep_releases": 1}))
        assert host.run(f"test -e {old}/complete", check=False).returncode == 0
        _, output = session.communicate(timeout=60)
    assert "Traceback" not in output
    assert "pull " in host.run("broker audit").stdout


def is_new(state: str, old: str) -> bool:
    words = ("Second", "internal.example.com", "credentials/KEY:s3cret", "LoadCredential=KEY:")
    release = next(line for line in old.splitlines() if line.startswith("/opt/data-broker/rel"))
    return all(word in state for word in words) and release not in state


CLASSES = {"public": "dataread", "private": "data-private", "root": "sudo"}
MONITOR = f"""
useradd --create-home --shell /bin/bash monitor
install -d -m 700 -o monitor ~monitor/.ssh
echo '{public_key("monitor")}' > ~monitor/.ssh/authorized_keys
rm /etc/ssh/sshd_config.d/40-data-broker-hardening.conf
systemctl reload ssh.service
"""


def state_of(broker: Broker) -> str:
    return broker.host.exec("sh", "-c", STATE).stdout


def test_an_invalid_setting_is_refused_before_anything_changes(broker: Broker) -> None:
    """Also with no analysts declared, for one role alone, and in check mode."""
    host = broker.host
    host.exec("sh", "-ec", MONITOR)
    before = state_of(broker)
    for settings, message, options in (
        ({"broker_access_classes": CLASSES}, "this cannot be the group of the class root", []),
        (
            {"broker_access_proof_schedule": "sometimes"},
            "'sometimes' is not a calendar",
            ["--check"],
        ),
        ({}, "monitor could not log in", ["--tags", "sync"]),
    ):
        given = {"broker_ssh_given_up": ["monitor"], **settings} if settings else {}
        played = broker.play("site.yml", "-e", json.dumps(given), *options, check=False)
        assert (played.code, played.changed, played.failed) == (2, 0, 1), played.output
        assert message in " ".join(played.output.split())
    assert state_of(broker) == before

    given_up = json.dumps({"broker_ssh_given_up": ["monitor"]})
    assert broker.play("site.yml", "--tags", "ssh", "-e", given_up).changed
    host.exec("userdel", "--remove", "monitor")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (
            "1i AllowUsers root deploy",
            "AllowUsers root deploy does not let in a member of dataread",
        ),
        ("1i PasswordAuthentication yes", "PasswordAuthentication is yes for other accounts"),
        ("/^Include/d", "reads no /etc/ssh/sshd_config.d/*.conf before its first Match"),
        ("$a Match Group data-ops\\nPubkeyAuthentication no", "no for a member of data-ops; expec"),
    ],
)
def test_a_sshd_that_would_do_other_things_than_the_broker_needs_is_refused(
    broker: Broker, edit: str, message: str
) -> None:
    broker.host.exec("sed", "-i", edit, "/etc/ssh/sshd_config")
    before = state_of(broker)
    for options in ([], ["--check"]):
        played = broker.play("site.yml", "--tags", "ssh", *options, check=False)
        assert (played.code, played.changed, played.failed) == (2, 0, 1), played.output
        assert message in " ".join(played.output.split())
    assert state_of(broker) == before


# chattr +i and -i (ioctl_iflags(2)), whose package these hosts do not have.
IMMUTABLE = """python3 -c '
import fcntl, os
for path in ("/etc/shadow", "/etc/sudoers.d"):
    fcntl.ioctl(os.open(path, os.O_RDONLY), 0x40086602, int({}).to_bytes(8, "little"))
'"""
UNMOUNT = "while mountpoint --quiet /data; do umount --lazy /data; done"


def test_places_that_cannot_be_used_and_an_account_that_is_a_persons_are_refused(
    broker: Broker,
) -> None:
    """Before packages and groups are there, which come before the data tree."""
    host = broker.host
    for change, undo, message in (
        (
            "usermod -s /bin/bash broker",
            "usermod -s /usr/sbin/nologin broker",
            "account broker with",
        ),
        (
            "gpasswd --add games broker",
            "gpasswd --delete games broker",
            "games of broker is in the group broker",
        ),
        ("mount -o bind,ro /data /data", "umount /data", "/data of broker cannot be written"),
        (
            IMMUTABLE.format(0x10),
            IMMUTABLE.format(0),
            "/etc/shadow, /etc/sudoers.d of broker cannot be written",
        ),
        (
            "mount -o bind,ro /usr/local /usr/local",
            "umount /usr/local",
            "/usr/local of broker cannot be written",
        ),
        (
            "mount -t tmpfs -o nr_inodes=3000 tmpfs /opt",
            "umount /opt",
            "more files on /opt, whatever their size",
        ),
        (
            "systemctl enable ssh.socket",
            "systemctl disable ssh.socket",
            "On broker systemd listens in the place of sshd (ssh.socket)",
        ),
        (
            f"{UNMOUNT}; mv /data /data.kept; ln -s /data.kept /data",
            "rm /data; mv /data.kept /data; systemctl restart broker-nosuid",
            "/data of broker is a link to /data.kept;",
        ),
    ):
        host.exec("sh", "-ec", change)
        played = broker.play("site.yml", "--tags", "app", check=False)
        host.exec("sh", "-ec", undo)
        assert (played.code, played.changed) == (2, 0), played.output
        assert message in " ".join(played.output.split())
    host.exec("sh", "-ec", IMMUTABLE.format(0x10))
    added = host.exec("add-analyst", "tom", public_key("tom"), check=False)
    host.exec("sh", "-ec", IMMUTABLE.format(0))
    assert added.returncode == 1
    assert "chattr -i /etc/shadow" in added.stderr
    assert host.exec("getent", "group", "tom", check=False).returncode == 2


EDITED = """
override=/etc/systemd/system/broker-sync.service.d/override.conf
printf '[Service]\\nExecStart=\\nExecStart=/bin/true\\n' >$override
systemctl mask --now logrotate.timer systemd-timesyncd.service
"""


def test_a_deploy_names_what_was_changed_by_hand_and_stays(broker: Broker) -> None:
    tags = ("--tags", "sync", "--check")
    assert "changed by hand" not in broker.play("site.yml", *tags).output
    broker.host.exec("sh", "-ec", EDITED)
    output = " ".join(broker.play("site.yml", *tags).output.split())
    assert "broker-sync.service.d/override.conf changes broker-sync.service" in output
    assert "logrotate.timer is not enabled" in output
    assert "systemd-timesyncd is enabled" in output


def test_accounts_of_the_broker_are_in_the_groups_that_are_declared(broker: Broker) -> None:
    host = broker.host
    for name in ("broker", "broker-portal"):
        host.exec("gpasswd", "--add", name, "adm")
    tags = ("--tags", "base,accounts_socket")
    assert broker.play("site.yml", *tags, "--check").changed == 2
    assert "adm" in host.exec("id", "-Gn", "broker").stdout
    assert broker.play("site.yml", *tags).changed == 2
    assert host.exec("id", "-Gn", "broker-portal").stdout.split() == ["broker-portal"]
    groups = host.exec("id", "-Gn", "broker").stdout.split()
    assert sorted(groups) == ["broker", "data-catalog", "data-ops", "data-private", "dataread"]


DEPLOY = """
useradd --create-home --shell /bin/bash --groups sudo deploy
echo deploy:correct-horse | chpasswd
install -d -o deploy -g deploy -m 700 /home/deploy/.ssh
install -o deploy -g deploy -m 600 /root/.ssh/authorized_keys /home/deploy/.ssh/
echo 'Defaults secure_path="/usr/bin:/bin"' >/etc/sudoers.d/path
"""


def test_an_account_whose_sudo_asks_for_a_password_plays_with_it_and_not_without(
    broker: Broker,
) -> None:
    broker.host.exec("sh", "-ec", DEPLOY)
    words = ("playbooks/list_analysts.yml", "-e", "ansible_user=deploy")
    lacking = broker.play(*words, check=False)
    assert lacking.code != 0
    assert "Missing sudo password" in lacking.output
    played = broker.play(*words, "-e", "ansible_become_password=correct-horse")
    assert "no analysts yet" in played.output
    become = ("-e", "ansible_user=deploy", "-e", "ansible_become_password=correct-horse")
    assert broker.play("site.yml", *become).changed == 0, "though sudo leaves out /usr/sbin"


# What is in a release differs by its Python; who may enter and read it must not.
MODES = """
places='/data /etc/data-broker /usr/local/bin /opt/data-broker'
find $places ! -path '*/venv/*' -printf '%p %M %u %g\\n'
find /opt/data-broker/current/venv/ -printf '%y %M %u %g\\n' | sort --unique
"""


def modes(broker: Broker) -> list[str]:
    text = broker.host.exec("sh", "-c", MODES).stdout
    return sorted(re.sub(r"releases/\w+-debian-\d+", "releases/ONE", text).splitlines())


def test_a_careful_umask_of_the_host_changes_no_mode(hosts_run: Run) -> None:
    """Hosts of the older release had the umask 027 before they were deployed: see ``deploy``."""
    with pristine(hosts_run, RELEASES[1]) as careful, pristine(hosts_run, RELEASES[0]) as usual:
        assert careful.host.run("umask").stdout.strip() == "0027"
        assert usual.host.run("umask").stdout.strip() == "0022"
        assert modes(careful) == modes(usual)


def test_a_program_that_others_cannot_run_is_no_success(broker: Broker) -> None:
    broker.host.exec("chmod", "o-x", "/opt/data-broker")
    try:
        played = broker.play("site.yml", "--tags", "app", check=False)
    finally:
        broker.host.exec("chmod", "o+x", "/opt/data-broker")
    assert played.code == 2
    assert "accounts other than root cannot run the release" in " ".join(played.output.split())
