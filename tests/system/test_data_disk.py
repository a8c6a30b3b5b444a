"""A data disk that is not mounted: nothing is published, served or deployed until it is there."""

from __future__ import annotations

import json

import pytest

from rig.hosts import RELEASES, Host, wait_for
from tests.documented import documented
from tests.unit.accounts.scratch import public_key

from .deploy import STATE, Broker

pytestmark = pytest.mark.system

GONE = "/data/src_data: the store that this host published is not here"
UNMOUNTED = "mount -t tmpfs -o nosuid,nodev tmpfs /data"
COMMANDS = (
    "sync",
    "status",
    "generations",
    "verify",
    "rollback",
    "expose private",
    "approve example.cities",
    "access prove",
)
# What sshd runs for an analyst without a shell, where it runs it.
PULL = (
    "env HOME=/home/ann USER=ann "
    "SSH_ORIGINAL_COMMAND='rsync --server --sender -r . server/scripts/' "
    "chroot --userspec=$(id -u ann):$(id -g ann) "
    "--groups=$(getent group dataread | cut --delimiter=: --fields=3) /srv/broker "
    "/opt/data-broker/current/venv/bin/broker-transport </dev/null"
)
# As systemd finds a disk that /etc/fstab names and that is broken.
BROKEN = """
umount --lazy /data
printf '[Mount]\\nWhat=/dev/none\\nWhere=/data\\nType=ext4\\n' >/etc/systemd/system/data.mount
mkdir -p /run/systemd/system/dev-none.device.d
printf '[Unit]\\nJobTimeoutSec=2\\n' >/run/systemd/system/dev-none.device.d/test.conf
systemctl daemon-reload
systemctl restart broker-nosuid.service
! mountpoint --quiet /data
! systemctl start broker-sync.service
rm /etc/systemd/system/data.mount
systemctl daemon-reload
systemctl restart broker-nosuid.service
mountpoint --quiet /data
"""
# The numbers that another Debian gives: what was private was the analysts', and the reverse.
RENUMBERED = """
rm /var/lib/data-broker/store.json
public=$(getent group dataread | cut --delimiter=: --fields=3)
private=$(getent group data-private | cut --delimiter=: --fields=3)
sed -i "s/^dataread:x:$public:/dataread:x:$private:/; t
  s/^data-private:x:$private:/data-private:x:$public:/" /etc/group
sed -i 's/^broker:x:[0-9]*:/broker:x:870:/' /etc/passwd
"""
FOLDERS = "mkdir -p /data/scripts /data/examples /data/src_data"


def published(host: Host) -> str:
    return host.run("readlink /data/src_data/current").stdout.strip()


def proved(host: Host) -> str:
    found = json.loads(host.run("cat /var/lib/data-broker/access-proof.json || echo {}").stdout)
    return f"generations/{found.get('generation')}"


def syncs_well(host: Host) -> None:
    """And the next word of the host says so, without any wait."""
    host.run("broker sync")
    done = host.run("broker status", check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("deployed", RELEASES[1:], indirect=True)
def test_a_data_disk_that_is_not_mounted_stops_all_that_would_take_it_for_empty(
    deployed: Broker,
) -> None:
    host = deployed.host
    host.exec("tee", "/data/input/cities.csv", stdin="city_id,name\n1,Windhoek\n")
    host.exec("add-analyst", "ann", public_key("ann"))
    host.run("broker sync")
    before = published(host)
    wait_for("its proof", lambda: proved(host) == before, seconds=120)

    host.run(f"systemctl stop broker-access-prove.path; {UNMOUNTED}")
    host.run("umount --lazy /srv/broker/data; systemctl restart srv-broker-data.mount")
    for has_folders in (False, True):
        if has_folders:
            host.run(f"{FOLDERS}; chown broker:dataread /data/src_data")
        for command in COMMANDS:
            done = host.run(f"broker {command}", check=False)
            assert done.returncode == 1, command
            assert GONE in done.stderr, (command, done.stderr)
            assert "on /data" in done.stderr
        assert host.run("systemctl start broker-sync.service", check=False).returncode == 1
        refused = host.run(PULL, check=False)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "is not mounted on /data" in refused.stderr or not has_folders
    facts = json.loads(host.run("broker status --json", check=False).stdout)
    assert (facts["exit_code"], GONE in facts["problem"]) == (1, True)
    assert facts["sync"]["failures"] >= 2
    assert host.run("find /data -type f").stdout == ""

    state = host.exec("sh", "-c", STATE).stdout
    for part in ((), ("--tags", "app_config")):
        explaining_play = deployed.play("site.yml", *part, check=False)
        assert (explaining_play.code, explaining_play.changed) == (2, 0), explaining_play.output
        assert f"broker: {GONE}" in " ".join(explaining_play.output.split())
    assert host.exec("sh", "-c", STATE).stdout == state

    host.run("umount /data; systemctl start broker-access-prove.path")
    host.run("umount --lazy /srv/broker/data; systemctl restart srv-broker-data.mount")
    assert published(host) == before
    syncs_well(host)
    host.run(BROKEN)
    last = json.loads(host.run("broker runs --json", check=False).stdout)["last"]
    assert last["result"] == "not-started"

    host.run(UNMOUNTED)
    word = json.loads(host.run("cat /var/lib/data-broker/store.json").stdout)["id"]
    (command,) = documented("operations-new-disk")
    deployed.type(command.replace("WORD", word))
    assert host.run(PULL, check=False).returncode != 1
    host.exec("tee", "/data/input/cities.csv", stdin="city_id,name\n1,Windhoek\n")
    syncs_well(host)
    assert published(host) != before
    assert deployed.type(command.replace("WORD", word)).changed == 0


def test_a_store_of_another_host_is_given_to_the_accounts_of_this_one(deployed: Broker) -> None:
    host = deployed.host
    host.exec("tee", "/data/input/cities.csv", stdin="city_id,name\n1,Windhoek\n")
    host.exec("add-analyst", "ann", public_key("ann"))
    host.run("broker sync")
    before = published(host)
    host.run(RENUMBERED)
    assert host.run("broker access prove", check=False).returncode == 1
    deployed.play("site.yml")
    assert published(host) == before
    host.run("broker access prove")
    syncs_well(host)
    host.run("broker verify; broker access prove")
    assert deployed.play("site.yml").changed == 0
