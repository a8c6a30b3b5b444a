"""What an analyst with a shell can leave behind for the time when rights are taken away."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from rig.hosts import RELEASES, wait_for

from ..deploy import Broker
from .person import Person, key_pair, person

pytestmark = pytest.mark.system

ARCHIVE = "/home/.data-broker-archive"
PLACES = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - on the booted host
# A copied shell that runs with the group of a class, wherever an analyst can write.
COPIES = ("user/deep/er/sh", *(f"{place}/sh" for place in PLACES))
COPY = "".join(
    f"mkdir -p $(dirname {path}); cp /bin/bash {path}; chgrp data-private {path}; "
    f"chmod 2755 {path}; {path} -pc 'echo $(stat -c %A {path}) $(id -g)'; "
    for path in COPIES
)
OUTSIDE = """
ipcmk --shmem 100 --semaphore 1 --queue >/dev/null
mkdir -p /tmp/mine/deep
for file in /tmp/mine/deep/f /var/tmp/f /dev/shm/f /run/lock/f; do echo x > $file; done
touch /dev/mqueue/f
"""
# What runs at a login of the account, or beside it, each by another program.
PLANT = """
mkdir -p .ssh .config/systemd/user/default.target.wants .local/bin
for file in .bashrc .bash_profile .profile .ssh/rc; do
  echo "echo $file >> /home/pat/user/ran" > $file
done
echo 'BASH_ENV=/home/pat/.bashrc' | tee .ssh/environment > .pam_environment
echo 'ssh-ed25519 AAAA thief' > .ssh/authorized_keys
printf '#!/bin/sh\necho .local/bin >> /home/pat/user/ran\n' > .local/bin/rsync
chmod 755 .local/bin/rsync
printf '[Service]\nExecStart=/bin/sh -c "echo unit >> /home/pat/user/ran"\n' \
  > .config/systemd/user/evil.service
ln -s ../evil.service .config/systemd/user/default.target.wants/
"""
# In one call of the kernel, a million times a second: whoever looks twice sees two things.
SWAP = """
cat > swap.py <<'END'
import ctypes, os
os.symlink("/etc", "theirs")
os.symlink("/etc", "mine")
exchange = ctypes.CDLL(None).renameat2
while True:
    exchange(-100, b"server", -100, b"theirs", 2)
    exchange(-100, b"user", -100, b"mine", 2)
END
nohup python3 swap.py > /dev/null 2>&1 & echo swapping
"""
# As many queues, semaphores and pieces of shared memory as the kernel gives, which name the uids
# that accounts would get next as their owners: see msgctl(2), IPC_SET.
GIVE = """
import ctypes, itertools, struct, sys
libc = ctypes.CDLL(None)
def many(get):
    return list(iter(get, -1))
def give(control, number, uid):
    status = ctypes.create_string_buffer(256)
    control(number, 2, status)
    struct.pack_into("I", status, 4, uid)
    return control(number, 1, status)
many(lambda: libc.shmget(0, 1, 0o1600))
uids = itertools.count(int(sys.argv[1]))
given = [give(libc.msgctl, number, next(uids)) for number in many(lambda: libc.msgget(0, 0o1600))]
semaphores = many(lambda: libc.semget(0, 1, 0o1600))
control = lambda number, *more: libc.semctl(number, 0, *more)
given += [give(control, number, next(uids)) for number in semaphores]
print(len(given), any(given), next(uids))
"""
# What `crontab -` of other accounts does, many times a second: a new file takes another's place.
REPLACE = """
import os
os.makedirs("/var/spool/cron/crontabs", exist_ok=True)
os.chdir("/var/spool/cron/crontabs")
while True:
    for number in range(200):
        os.close(os.open(f"tmp.{number}", os.O_CREAT))
    for number in range(200):
        os.unlink(f"tmp.{number}")
"""
# Setuid files at the end of a path of 600,000 characters.
FAR = """
import os
os.chdir("/home/pat/user")
for _ in range(3000):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
for number in range(200):
    os.close(os.open(str(number), os.O_CREAT, 0o4755))
"""
OLDER = (
    "umount /home; umount /srv/broker/home; "
    "mount --bind /home /srv/broker/home; mount --bind /home /home"
)
UNSAFE = "everybody: /srv/broker/home is mounted without nosuid and nodev"


@pytest.fixture
def pat(deployed: Broker, tmp_path: Path) -> Person:
    """An analyst with a shell and private data."""
    return person(deployed.host, tmp_path, "pat", "--shell", "--private")


def left(pat: Person, uid: int) -> list[str]:
    """What this uid owns on the host, its archive aside."""
    places = f"/home {' '.join(PLACES)} /dev/mqueue /run/lock /run/user /var/spool /var/lib"
    script = f"find {places} -uid {uid} ! -path '{ARCHIVE}/*'; awk '$0 ~ / {uid} /' /proc/sysvipc/*"
    return pat.host.exec("sh", "-c", script, check=False).stdout.splitlines()


def test_a_copied_shell_opens_nothing_and_goes_with_the_class(
    deployed: Broker, pat: Person
) -> None:
    host, uid = deployed.host, pat.uid
    tried = pat.run(COPY)
    assert tried.stdout.splitlines() == [f"-rwxr-sr-x {uid}"] * len(COPIES), tried.stderr
    proved = host.exec("broker", "access", "prove", check=False)
    assert proved.returncode == 1
    for path in COPIES:
        assert f"pat: {Path('/home/pat', path)} has a setuid or setgid bit" in proved.stdout
    assert "nosuid" not in proved.stdout

    host.exec("broker", "analyst", "revoke", "pat", "private")
    modes = host.exec("sh", "-c", f"cd /home/pat; stat -c %a {' '.join(COPIES)}").stdout
    assert modes.split() == ["755"] * len(COPIES)
    assert "has a setuid" not in host.exec("broker", "access", "prove", check=False).stdout

    host.exec("mount", "-o", "remount,bind,suid", "/home")
    proved = host.exec("broker", "access", "prove", check=False)
    assert "everybody: /home is mounted without nosuid and nodev" in proved.stdout
    for arguments in (["--check"], []):
        assert deployed.play("site.yml", "--tags", "storage_mounts", *arguments).changed == 1
    assert "nosuid" not in host.exec("broker", "access", "prove").stdout
    host.exec("mount", "-o", "remount,bind,suid", "/home")
    host.reboot()
    assert "nosuid" not in host.exec("broker", "access", "prove").stdout


@pytest.mark.parametrize("deployed", RELEASES, indirect=True)
def test_no_other_way_into_a_home_or_the_store_starts_a_setid_program(
    deployed: Broker, pat: Person
) -> None:
    host = deployed.host
    assert pat.run(COPY).returncode == 0
    tried = pat.run("/srv/broker/home/pat/user/deep/er/sh -pc 'id -g'")
    assert (tried.returncode, tried.stdout) == (126, ""), "nothing there is executed"
    assert host.exec("touch", "/srv/broker/data/x", check=False).returncode == 1, "it is read-only"
    assert "nosuid" not in host.exec("broker", "access", "prove", check=False).stdout
    host.exec("mount", "-o", "remount,bind,suid", "/srv/broker/home")
    proved = host.exec("broker", "access", "prove", check=False)
    assert UNSAFE in proved.stdout

    # As a release left it whose mounts were not private: the next mount of /home came here, too.
    host.run(OLDER)
    assert UNSAFE in host.exec("broker", "access", "prove", check=False).stdout
    played = deployed.play("site.yml", "--tags", "ssh_analysts,storage_mounts")
    assert played.changed > 0
    assert "nosuid" not in host.exec("broker", "access", "prove", check=False).stdout
    host.exec("systemctl", "restart", "broker-nosuid.service")
    assert "nosuid" not in host.exec("broker", "access", "prove", check=False).stdout
    assert deployed.play("site.yml", "--tags", "ssh_analysts,storage_mounts").changed == 0


def test_nothing_of_a_removed_uid_is_left(deployed: Broker, pat: Person) -> None:
    host, uid = deployed.host, pat.uid
    made = pat.run(OUTSIDE)
    assert (made.returncode, made.stderr) == (0, "")
    spools = [f"/var/spool/cron/{name}" for name in ("crontabs", "atjobs", "atspool")]
    for spool in spools:
        script = f"mkdir -p {spool}; echo evil > {spool}/pat; chown pat {spool}/pat"
        host.exec("sh", "-ec", script)
    assert len(left(pat, uid)) > 10
    host.exec("systemd-run", "--quiet", "--unit=replace", "python3", "-c", REPLACE)
    host.exec("remove-analyst", "pat")
    host.exec("systemctl", "stop", "replace")
    assert left(pat, uid) == []
    kept = host.exec("find", f"{ARCHIVE}/pat-{uid}.spool", "-type", "f").stdout.split()
    assert len(kept) == len(spools)


def test_shared_memory_of_one_account_stands_in_the_way_of_no_other(
    deployed: Broker, pat: Person, tmp_path: Path
) -> None:
    host, uid = deployed.host, pat.uid
    made = pat.run(f"python3 -c '{GIVE}' {uid + 1}")
    number, failed, last = made.stdout.split()
    assert (failed, int(last) > 60_000) == ("False", True), "every uid that an account can get"
    other = person(host, tmp_path, "other", "--shell")
    assert other.uid == uid + 1
    host.exec("remove-analyst", "other")
    host.exec("remove-analyst", "pat")
    assert int(number) > 50_000
    assert host.run("cat /proc/sysvipc/* | grep -vc key", check=False).stdout == "0\n"


def test_far_and_many_setuid_files_of_one_account_do_not_fill_the_proof(
    deployed: Broker, pat: Person
) -> None:
    host, result = deployed.host, "/var/lib/data-broker/access-proof.json"
    host.run("install -o nobody -m 4755 /dev/null /tmp/theirs")
    assert pat.run(f"python3 -c '{FAR}'").returncode == 0
    proved = host.exec("broker", "access", "prove", "--record", check=False)
    assert "pat: /home has 180 more files with a setuid or setgid bit" in proved.stdout
    assert "nobody: /tmp/theirs has a setuid or setgid bit" in proved.stdout
    assert int(host.exec("stat", "-c", "%s", result).stdout) < 100_000
    assert "unexpected, proved" in host.exec("broker", "status", check=False).stdout


def test_what_is_planted_runs_no_more_once_the_shell_or_a_key_is_gone(
    deployed: Broker, pat: Person, tmp_path: Path
) -> None:
    host, ran, uid = deployed.host, "/home/pat/user/ran", pat.uid
    assert pat.run(PLANT).returncode == 0
    host.exec("systemctl", "restart", f"user@{uid}.service")
    assert pat.run("true").returncode == 0
    wait_for("the unit", lambda: "unit" in host.exec("cat", ran, check=False).stdout, seconds=60)
    assert ".bashrc" in host.exec("cat", ran).stdout, "with a shell, that is theirs"

    new = key_pair(tmp_path / "new")
    host.exec("broker", "analyst", "key", "rotate", "pat", new.with_suffix(".pub").read_text())
    host.exec("broker", "analyst", "key", "revoke", "pat", pat.key.name)
    host.exec("rm", ran)
    assert pat.run("ls -A", key=new).stdout.split() == ["server", "user"]
    assert pat.run(PLANT, key=new).returncode == 0
    host.exec("add-analyst", "pat", "--no-shell")
    host.exec("rm", "-f", ran)
    refused = pat.run("true", key=new)
    assert "transfers files and nothing else" in refused.stderr
    shell = " ".join([*host.ssh(user="pat", key=new)[:-1]])
    pushed = subprocess.run(
        ["rsync", "-a", f"--rsh={shell}", f"{tmp_path}/", f"{host.name}:user/pushed/"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert pushed.returncode == 0, pushed.stderr
    units = host.exec("systemctl", "is-active", f"user@{uid}.service", check=False).stdout
    assert units == "inactive\n"
    shown = host.exec(
        "sh", "-c", f"ls -A /home/pat; stat -c '%U %a' /home/pat; ls {ran}", check=False
    )
    assert shown.stdout.split() == ["server", "user", "root", "750"]
    assert host.exec("test", "-e", f"{ARCHIVE}/pat-{uid}.2/.bashrc").returncode == 0
    rows = json.loads(host.exec("list-analysts", "--json").stdout)
    assert [row["host"] for row in rows] == ["ok"]
    host.exec("chown", "pat", "/home/pat")
    proved = host.exec("broker", "access", "prove", check=False)
    assert "pat: /home/pat can write it" in proved.stdout


def test_who_swaps_folders_in_the_home_troubles_no_other(
    deployed: Broker, pat: Person, tmp_path: Path
) -> None:
    host = deployed.host
    assert pat.run(SWAP).stdout == "swapping\n"
    for number in range(5):
        person(host, tmp_path, f"other{number}")
    public = key_pair(tmp_path / "zoe").with_suffix(".pub").read_text()
    declared = [{"name": "zoe", "keys": [public]}]
    settings = json.dumps({"broker_analysts": declared})
    deployed.play("site.yml", "--tags", "analysts_list", "-e", settings)
    rows = {row["name"]: row for row in json.loads(host.exec("list-analysts", "--json").stdout)}
    assert {rows[name]["host"] for name in rows.keys() - {"pat"}} == {"ok"}
    host.exec("remove-analyst", "pat")
