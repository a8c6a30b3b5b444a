"""Attacks on one booted host: full disks, too many connections, wrong keys, invented lines."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.hosts import DEFAULT, Run

from ..deploy import OFFICE, Broker, pristine
from ..test_transport import HELP, Desk, laptop

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("attacks")]

GREETED = 100
# ADDRESSES, CONNECTIONS of each, NUMBER of others: how many of the others sshd greets.
HOLD = """
import socket, sys
def connect(source):
    one = socket.socket()
    one.settimeout(20)
    one.bind((source, 0))
    one.connect(("127.0.0.1", 22))
    return one
def greeted(one):
    try:
        return one.recv(16).startswith(b"SSH-2.0-")
    except OSError:
        return False
addresses, each, others = map(int, sys.argv[1:])
held = [connect(f"198.18.1.{1 + number % addresses}") for number in range(addresses * each)]
held = [one for one in held if greeted(one)]
good = 0
for number in range(others):
    one = connect(f"198.18.2.{1 + number % 200}")
    good += greeted(one)
    one.close()
print(len(held), good)
"""
# Sixty connections of each address that never log in, one after the other: how many are greeted.
# "Not allowed at this time" is what sshd says to an address that has a penalty; and whoever sends
# to a connection that sshd has closed gets a reset.
LEAVE = """
import contextlib, socket, sys
def greeted(source):
    greeting = b""
    with socket.create_connection(("127.0.0.1", 22), 20, (source, 0)) as one:
        with contextlib.suppress(ConnectionError):
            greeting = one.recv(8)
            one.sendall(b"not ssh\\r\\n")
            while one.recv(1024):
                pass
    return greeting == b"SSH-2.0-"
for source in sys.argv[1:]:
    print(sum(greeted(source) for _ in range(60)))
"""
FULL = "; ".join(
    f"mount -t tmpfs -o size=64k tmpfs {folder}; head -c 64K /dev/zero > {folder}/full"
    for folder in ("/var/log/data-broker", "/var/lib/data-broker")
)
ROOM = "; ".join(f"rm /var/{part}/data-broker/full" for part in ("log", "lib"))
APART = "; ".join(f"umount /var/{part}/data-broker" for part in ("log", "lib"))
# A whole entry of the journal by its own protocol: more than a datagram comes in a file.
LARGE = """
import array, fcntl, os, socket
file = os.memfd_create("entry", os.MFD_ALLOW_SEALING)
size = 25_000_000
os.write(file, b"SYSLOG_IDENTIFIER=broker-pull\\nBROKER_PATH\\n" + size.to_bytes(8, "little"))
os.write(file, os.urandom(size) + b"\\n")
fcntl.fcntl(file, fcntl.F_ADD_SEALS, 15)
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.connect("/run/systemd/journal/socket")
rights = array.array("i", [file])
journal.sendmsg([b""], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
"""
PEAK = """
import resource, subprocess
subprocess.run(["broker", "audit", "--collect"], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
MARKED = "a{{7*7}}b"
DROP_IN = "/etc/ssh/sshd_config.d/50-data-broker.conf"


@pytest.fixture(scope="module")
def host(hosts_run: Run) -> Iterator[Broker]:
    with pristine(hosts_run, DEFAULT) as broker:
        for network in ("192.0.2.0/24", "198.18.0.0/16"):  # for documentation, and for measurements
            broker.host.exec("ip", "route", "add", "local", network, "dev", "lo")
        yield broker


def analyst(broker: Broker, folder: Path, name: str, *options: str) -> Desk:
    desk = laptop(broker, folder, name)
    broker.host.exec("add-analyst", name, Path(f"{desk.key}.pub").read_text().strip(), *options)
    return desk


def enters(desk: Desk, *options: str) -> bool:
    return HELP in desk.ssh("true", *options).stderr


def test_held_connections_and_wrong_keys_shut_out_no_one_else(host: Broker, tmp_path: Path) -> None:
    python = ("/usr/bin/python3", "-c", HOLD)
    for addresses in (1, 6):
        connections, good = host.host.exec(
            *python, str(addresses), "40", str(GREETED)
        ).stdout.split()
        assert (int(connections), int(good)) == (10 * addresses, GREETED)
    desk = analyst(host, tmp_path, "kay")
    wrong = laptop(host, tmp_path, "wrong")
    for _ in range(4):  # of which three were enough
        assert not enters(wrong, "-l", "kay")
    assert enters(desk), "the same address, with the right key"


def test_an_office_is_excepted_from_the_penalty_of_other_addresses(host: Broker) -> None:
    python = ("/usr/bin/python3", "-c", LEAVE)
    office, other = map(int, host.host.exec(*python, OFFICE, "192.0.2.7").stdout.split())
    assert office == 60
    # Each costs a second, 15 of them the next one; on a slow machine some are forgiven meanwhile.
    assert other == 60 if host.host.release == 12 else other < 60


def test_a_line_in_the_journal_dates_its_writer_alone(host: Broker, tmp_path: Path) -> None:
    analyst(host, tmp_path, "ida")
    liar = analyst(host, tmp_path, "lou", "--shell")
    line = "Accepted publickey for ida from 192.0.2.7 port 1 ssh2"
    liar.ssh(f"logger -t sshd '{line}'; logger -t broker-transport 'ida pulls /data/x'")
    rows = json.loads(host.host.exec("broker", "analyst", "list", "--json").stdout)
    seen = {row["name"]: (row["last_login"], row["last_sync"]) for row in rows}
    assert seen["ida"] == (None, None)
    assert None not in seen["lou"]


def test_a_flood_of_the_journal_hides_nobody_and_is_told(host: Broker, tmp_path: Path) -> None:
    analyst(host, tmp_path, "una")
    liar = analyst(host, tmp_path, "vic", "--shell")
    host.host.exec("broker", "audit")
    host.host.run("runuser -u una -- logger -t broker-transport 'una pulls /data/x'")
    liar.ssh(f"python3 -c '{LARGE}'; yes 'vic pulls x' | head -21000 | logger -t broker-transport")
    host.host.exec("journalctl", "--sync")
    rows = json.loads(host.host.exec("broker", "analyst", "list", "--json").stdout)
    assert all(row["last_sync"] for row in rows if row["name"] in ("una", "vic"))
    peak = int(host.host.exec("python3", "-c", PEAK).stdout.split()[-1])
    assert peak < 300_000, "one entry of 25 MB of another took 500 MB"
    events = json.loads(host.host.exec("broker", "audit", "--user", "vic", "--json").stdout)[
        "events"
    ]
    assert (events[-1]["action"], events[-1]["result"]) == ("pull", "refused")

    host.host.run("logger more; journalctl --rotate; journalctl --vacuum-size=1")
    shown = host.host.exec("broker", "audit", check=False)
    assert (shown.returncode, "pulls may be missing" in shown.stderr) == (1, True)
    assert "pulls may be missing" in host.host.exec("broker", "audit").stdout


def test_a_full_disk_takes_rights_and_gives_none(host: Broker, tmp_path: Path) -> None:
    desks = {name: analyst(host, tmp_path, name) for name in ("ann", "ben")}
    shell = analyst(host, tmp_path, "cat", "--shell")
    names = " ".join(desks)
    host.host.run(FULL)
    try:
        public = Path(f"{laptop(host, tmp_path, 'eve').key}.pub").read_text().strip()
        given = host.host.exec("add-analyst", "eve", public, check=False)
        assert (given.returncode, "so nothing was done" in given.stderr) == (1, True)
        key = host.host.run("ssh-keygen -lf /etc/data-broker/authorized_keys/ann | cut -d' ' -f2")
        taken = [
            host.host.exec("broker", "analyst", "key", "revoke", "ann", key.stdout.strip()),
            host.host.exec("remove-analyst", "ben"),
            host.host.exec("add-analyst", "cat", "--no-shell"),
        ]
        assert all("warning: the audit log" in done.stderr for done in taken)
        assert not any(enters(desk) for desk in desks.values()), names
        assert HELP in shell.ssh("id").stderr
        shown = host.host.exec("broker", "audit", check=False)
        assert (shown.returncode, "lines are not in" in shown.stderr) == (1, True)
        host.host.run(ROOM)
        after = host.host.exec("broker", "audit")
        assert after.stdout == shown.stdout
        assert {word for word in ("ann", "ben", "cat") if f" {word} " in after.stdout} == {
            *("ann", "ben", "cat")
        }
    finally:
        host.host.run(APART)


def test_a_push_ends_where_the_space_of_an_analyst_does(host: Broker, tmp_path: Path) -> None:
    desk = analyst(host, tmp_path, "dan")
    assert (
        "SetEnv BROKER_USER_MB=10240 BROKER_USER_FILES=100000"
        in host.host.exec("cat", DROP_IN).stdout
    )
    limit(host, megabytes=20, files=500)
    user = desk.folder / "user"
    (user / "a").mkdir(parents=True)
    (user / "a/kept").write_bytes(os.urandom(5_000_000))
    assert desk.type("rsync -rt ./user/ HOST:user/").returncode == 0
    (user / "a/closed").mkdir()
    (user / "a/closed/file").write_bytes(os.urandom(12_000_000))
    (user / "a/closed").chmod(0)
    done = desk.type("rsync -rtp ./user/a HOST:user/")
    # Debian 12's C library cannot take all rights of a folder without /proc, and rsync says so.
    assert done.returncode == 0 or "no symlink-safe chmod" in done.stderr
    (user / "b").mkdir()
    for number in range(40):
        (user / f"b/{number}").write_bytes(os.urandom(5_000_000))
    refused(desk, "rsync -rt ./user/ HOST:user/")
    refused(desk, "rsync -rt ./user/ HOST:user/")
    assert space(host, "dan")["bytes"] > 20_000_000, "the closed folder is among it"
    shutil.rmtree(user / "b")
    shutil.rmtree(user / "a/closed")
    made = desk.type("rsync -rt --delete ./user/ HOST:user/")
    assert made.returncode == 0, made.stderr
    (user / "many").mkdir()
    for number in range(6_000):
        (user / f"many/{number}").touch()
    refused(desk, "rsync -rt ./user/ HOST:user/")
    assert space(host, "dan")["files"] > 500
    shutil.rmtree(user / "many")
    assert "This push only deletes" in desk.type("rsync -rt --delete ./user/ HOST:user/").stderr
    assert desk.type("rsync -rt --delete ./user/ HOST:user/").stderr == ""
    limit(host, megabytes=20, files=500, reserve=10**9)
    assert "MB left" in desk.type("rsync -rt ./user/ HOST:user/").stderr


def test_marks_in_the_text_of_others_are_text(host: Broker, tmp_path: Path) -> None:
    canary, settings = tmp_path / "canary", tmp_path / "settings.yml"
    marks = f"{{{{ lookup('ansible.builtin.pipe', 'touch {canary}') }}}}"
    for name in ("amy", "bea"):
        path = Path(f"{laptop(host, tmp_path, name).key}.pub")
        path.write_text(f"{' '.join(path.read_text().split()[:2])} {marks}\n")
    amy, bea = (tmp_path / f"{name}.key.pub" for name in ("amy", "bea"))
    host.play("playbooks/add_analyst.yml", "-e", "user=amy", "-e", f"key={amy}")
    settings.write_text(
        f"broker_analysts: [{{name: bea, keys: [!unsafe {json.dumps(bea.read_text().strip())}]}}]\n"
        f"broker_secrets: {{TOKEN: !unsafe {json.dumps(MARKED)}}}\n"
    )
    host.play("site.yml", "-e", f"@{settings}", "--tags", "app_secrets,analysts_list")
    assert host.host.exec("cat", "/etc/data-broker/credentials/TOKEN").stdout.strip() == MARKED
    rows = json.loads(host.host.exec("list-analysts", "--json").stdout)
    comments = {row["name"]: row["keys"][0]["comment"] for row in rows}
    assert (comments["amy"], comments["bea"]) == (marks, marks)
    host.play("playbooks/list_analysts.yml")
    refused = host.play(
        "site.yml", "-e", json.dumps({"broker_secrets": {"TOKEN": f"x{marks}"}}), check=False
    )
    assert "broker_secrets.TOKEN holds a template" in refused.output
    assert not canary.exists()


def limit(broker: Broker, *, megabytes: int, files: int, reserve: int = 1) -> None:
    words = f"BROKER_USER_MB={megabytes} BROKER_USER_FILES={files} BROKER_RESERVE_MB={reserve}"
    broker.host.run(
        f"sed -i 's/SetEnv BROKER.*/SetEnv {words}/' {DROP_IN} && systemctl reload ssh.service"
    )


def refused(desk: Desk, command: str) -> None:
    done = desk.type(command)
    assert done.returncode != 0
    assert "user/ holds" in done.stderr, done.stderr


def space(broker: Broker, name: str) -> dict[str, int]:
    rows = json.loads(broker.host.exec("broker", "analyst", "list", "--json").stdout)
    (found,) = [row["space"] for row in rows if row["name"] == name]
    return dict(found)
