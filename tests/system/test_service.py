"""What runs as the account of the service, wherever it was started, writes its store alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rig.hosts import RELEASES, Host, wait_for

from .deploy import Broker

pytestmark = pytest.mark.system

STORE = "/data/src_data"
PROOF = "/var/lib/data-broker/access-proof.json"
LOCKED = f"systemd-run --quiet --collect --unit=held flock {STORE}/.publish.lock sleep infinity"
# Each process of the account: whether it may gain rights, whether its system calls are filtered,
# and whether it sees the host's own folders.
LOOK = """
for status in /proc/[0-9]*/status; do
  folder=${status%/status}
  [ "$(stat --format=%U $folder)" = broker ] || continue
  [ "$(readlink $folder/ns/mnt)" = "$(readlink /proc/1/ns/mnt)" ] && sees=host || sees=own
  rights=$(awk '/^(NoNewPrivs|Seccomp):/ {print $2}' $status) || continue  # it ended meanwhile
  echo $rights $sees
done
"""
# What somebody tries whose code runs in a sync, also by way of what else runs as this account.
ATTACKS = r"""
try() { if sh -c "$1" >/dev/null 2>&1; then echo "$1"; fi; }
try 'mv /data/scripts /data/aside'
try 'touch /data/x'
try 'echo x >> /data/scripts/sync_data.sh'
try 'touch /etc/data-broker/x'
try 'echo x >> /usr/local/bin/broker'
try 'touch /opt/data-broker/x'
try 'touch /var/lib/data-broker/x'
try 'touch /dev/shm/x'
try 'cat /etc/data-broker/signing_key'
try 'ls /root'
try 'unshare --user --map-root-user true'
for process in /proc/[0-9]*; do
  for path in data/x data/scripts/x home/x root/x etc/data-broker/x; do
    try "touch $process/root/$path"
  done
done
"""
FLIPS = f"""
cd {STORE}
set -- $(ls generations)
for turn in 1 2 3 4 5 6 7 8 9 10; do
  for name in "$@"; do
    ln -s generations/$name .current.new
    chown --no-dereference broker .current.new
    mv --no-target-directory .current.new current
    sleep 0.2
  done
done
echo $name
"""


def _processes(host: Host) -> list[str]:
    return host.run(LOOK).stdout.splitlines()


def _proof(host: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(host.run(f"cat {PROOF} || echo '{{}}'").stdout)
    return found


def _findings(host: Host) -> list[str]:
    output = host.run("broker access prove --json", check=False).stdout
    return [f"{found['who']}: {found['path']}" for found in json.loads(output)["findings"]]


@pytest.mark.parametrize("deployed", RELEASES, indirect=True)
def test_what_runs_as_the_service_is_in_one_sandbox_and_the_proof_holds_it_to_its_store(
    deployed: Broker,
) -> None:
    host = deployed.host
    for _ in range(2):
        host.run("systemctl start broker-sync.service", check=False)  # 1: no file was delivered
    host.run(LOCKED)
    for command in ("expose private", "rollback"):
        host.run(f"systemd-run --quiet --collect broker {command}")
    both = ["1 2 own"] * 2
    wait_for("both commands in their sandbox", lambda: _processes(host) == both, seconds=60)
    attack = "systemd-run --quiet --wait --pipe --collect --uid=broker --unit=broker-run-attack"
    assert host.exec(*attack.split(), "sh", "-s", stdin=ATTACKS, check=False).stdout == ""
    host.run("systemctl stop held.service")
    wait_for("no command", lambda: not _processes(host), seconds=60)
    for line in ("check", "diff", "rejects example.cities"):
        host.run(f"broker {line}", check=False)
        assert (
            f"broker-run-{line.split()[0]}-" in host.run("journalctl --identifier=systemd").stdout
        )
    refused = host.run("setpriv --reuid=broker --clear-groups broker status", check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "outside of its sandbox" in refused.stderr

    last = host.run(FLIPS).stdout.strip()
    proving = "systemctl show --property=ActiveState --value broker-access-prove.service"
    wait_for("no proof", lambda: host.run(proving).stdout == "inactive\n", seconds=60)
    host.run(f"rm {PROOF}; systemctl start broker-access-unproved.service")
    wait_for("its proof", lambda: _proof(host).get("generation") == last, seconds=120)
    assert host.run("systemctl is-active broker-access-prove.path").stdout == "active\n"
    proof = _proof(host)
    assert proof["findings"] == []
    assert min(proof["tried"][name] for name in ("broker", "broker-portal", "nobody")) > 100

    host.exec(*attack.split(), "sh", "-ec", f"cp /bin/bash {STORE}/sh; chmod 6755 {STORE}/sh")
    # The portal passes through the store on its way to the catalogs, so others do, too.
    who = ("broker", "broker-portal", "nobody")
    assert {*_findings(host)} == {f"{name}: {STORE}/sh" for name in who}
    as_reader = ("setpriv", "--reuid=nobody", "--regid=dataread", "--clear-groups")
    run = host.exec(*as_reader, f"{STORE}/sh", "-pc", "id --user --name")
    assert run.stdout == "nobody\n"
    host.run(f"rm {STORE}/sh; umount --lazy /data")
    assert _findings(host) == ["everybody: /data"]

    host.run("chown broker:broker /data; chmod g+w /data/scripts; chgrp games /data/scripts")
    found = _findings(host)
    unmounted = "everybody: /data"
    assert found == ["broker: /data", "broker: /data", unmounted, "group 60: /data/scripts"]
    deployed.play("site.yml", "--tags", "storage_folders,storage_mounts")
    assert _findings(host) == []
