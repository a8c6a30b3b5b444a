"""What is switched off is gone, and what is secret is never shown."""

from __future__ import annotations

import json

import pytest

from .deploy import Broker

pytestmark = pytest.mark.system

FOLDER = "/etc/systemd/system"
DROP_IN = "/etc/ssh/sshd_config.d/50-data-broker.conf"
LOG = "/var/log/data-broker/audit.jsonl"
SECRET = "canary-of-this-test-2b9d71"  # noqa: S105  nobody's: it is what the output is searched for
SWITCHES = ("sync", "ssh", "accounts_socket", "publishing_socket", "access_proof")
RULES = "/etc/dbus-1/system.d/data-broker.conf"
OURS = (
    "broker-sync.",
    "broker-acc",
    "broker-pub",
    "broker-proc",
    "access-proof",
    "50-data-broker.conf",
)
SANDBOX = f"{FOLDER}/broker-sync.service.d"  # of the account, which a check by hand uses, too
SECRET_FILE = "/etc/data-broker/credentials/SOURCE_TOKEN"  # noqa: S105  its place, not itself
PARTS = (
    "--tags",
    "base_processes,app_secrets,sync_units,ssh_analysts,accounts_socket_units,"
    "publishing_socket_units,oversight_proof",
)


def test_what_is_switched_off_goes_and_comes_back_and_a_secret_is_never_shown(
    deployed: Broker,
) -> None:
    host, settings = deployed.host, json.dumps({"broker_secrets": {"SOURCE_TOKEN": SECRET}})
    off = [word for switch in SWITCHES for word in ("-e", f"broker_{switch}_enabled=false")]
    off += ["-e", "broker_hide_processes=false"]
    played = deployed.play("site.yml", "--diff", "-vvv", "-e", settings, *off, *PARTS)
    assert played.changed > 0
    lines = [line for line in played.output.splitlines() if SECRET in line]
    assert [line for line in lines if settings not in line] == []  # -vvv shows the command's words
    assert host.run(f"stat --format='%a %U' {SECRET_FILE}").stdout.strip() == "600 root"
    look = f"ls -d {DROP_IN} {FOLDER}/* {FOLDER}/*.wants/* /run/* /var/lib/data-broker/*"
    left = host.run(look, check=False).stdout.split()
    ours = [path for path in left if path.rpartition("/")[2].startswith(OURS)]
    assert ours == [SANDBOX]
    assert host.run("systemctl is-system-running").stdout.strip() == "running"
    treated = host.run("sshd -T -C user=broker,host=laptop,addr=192.0.2.7").stdout
    assert "authorizedkeysfile .ssh/authorized_keys" in treated
    assert host.run(f"cat {LOG}").stdout
    assert host.run(f"test -e {RULES}", check=False).returncode == 1
    assert "hidepid" not in host.run("findmnt --output=OPTIONS /proc").stdout
    assert deployed.play("site.yml", "-e", settings, *off, *PARTS).changed == 0

    other = json.dumps({"broker_secrets": {"OTHER_TOKEN": SECRET}})
    renamed = deployed.play("site.yml", "--diff", "-e", other, *off, *PARTS)
    assert SECRET_FILE in renamed.output
    assert renamed.changed == len(("the new one", "the sandbox", "the switch", "the old one"))
    assert SECRET not in renamed.output
    assert host.run(f"ls {SECRET_FILE.rpartition('/')[0]}").stdout == "OTHER_TOKEN\n"
    journal = host.run("journalctl --identifier=ansible-host_files").stdout
    assert f"Changes {SECRET_FILE}" in journal
    assert SECRET not in journal

    deployed.play("site.yml", *PARTS)
    units = ("broker-sync.timer", *(f"broker-{one}.socket" for one in ("accounts", "publishing")))
    shown = host.run(f"systemctl is-active {' '.join(units)} broker-access-prove.timer").stdout
    assert shown.split() == ["active"] * 4
    assert host.run(f"cat {DROP_IN} {RULES}").stdout
    assert "hidepid=invisible" in host.run("findmnt --output=OPTIONS /proc").stdout
    assert host.run(f"test -e {SECRET_FILE}", check=False).returncode == 1
