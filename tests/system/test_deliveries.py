"""An account that delivers files attacks the sync of a host; the operator approves as root."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rig.hosts import Host
from tests.hostile.swaps import SWAPPER

from .deploy import Broker

pytestmark = pytest.mark.system

STORE = "/data/src_data"
BROKER = "/opt/data-broker/current/venv/bin"
KEY = "/run/credentials/broker-sync.service/signing_key"
TRAPS = ("inside", "key", "folder", "hard", "pipe", "endless", "swapped")
HONEST = "id,word\n1,honest\n2,honest\n3,honest\n"
# A folder of the account's own in the folder of all tables, and salaries beside it.
PREPARE = """
useradd --system feeds
chmod o+x /data/input
install -d -o feeds -g broker -m 2750 /data/input/feeds
umask 027
printf 'id,word\\n1,canary\\n' >/data/input/salaries.csv
chgrp broker /data/input/salaries.csv
"""
# 90 GB of rows, minutes to read, in 170 MB.
ENDLESS = """
import gzip
rows = gzip.compress(b"1,honest\\n" * 1000000)
with open("endless.csv.gz", "wb") as file:
    file.write(gzip.compress(b"id,word\\n"))
    for _ in range(10000):
        file.write(rows)
"""
# What the account does: no table of it but fine.csv is a file of its own that ends.
ATTACK = f"""
cd /data/input/feeds
umask 027
cat >fine.csv
ln -s ../salaries.csv inside.csv
ln -s {KEY} key.csv
mkdir swapped real
ln -s .. folder
cp fine.csv real/1.csv
ln real/1.csv hard.csv
mkfifo pipe.csv
cp fine.csv swapped/t.csv
"""
LINK = "ln /data/input/salaries.csv /data/input/feeds/other.csv"
READ = """
import sys
import pyarrow.parquet as parquet
for path in sys.argv[1:]:
    print(*parquet.read_table(path)["word"].to_pylist())
"""


def table(name: str, *more: str) -> str:
    return f"  - {{id: feeds.{name}, primary_key: id, {', '.join(more)}}}\n"


DESCRIPTION = "".join(
    [
        "```yaml\ntables:\n",
        "  - {id: hr.salaries, primary_key: id, access: private}\n",
        table("fine", "file: feeds/fine.csv"),
        table("swapped", "file: feeds/swapped/t.csv"),
        table("folder", "file: feeds/folder/salaries.csv"),
        table("endless", "file: feeds/endless.csv.gz", "timeout: 1s"),
        *(table(name, f"file: feeds/{name}.csv") for name in ("inside", "key", "hard", "pipe")),
        "```\n",
    ]
)


def tables(host: Host) -> dict[str, dict[str, Any]]:
    """The status of each table by its name."""
    facts = json.loads(host.run("broker status --json", check=False).stdout)
    return {one["table"].rpartition("/")[2]: one for one in facts["tables"]}


def sync(host: Host) -> None:
    host.run("systemctl start broker-sync.service", check=False)  # 1: tables fail


def words(host: Host, files: list[str]) -> set[str]:
    """Every value that is published in these files."""
    return {*host.exec(f"{BROKER}/python", "-Ic", READ, *files).stdout.split()}


def test_a_delivery_account_publishes_its_own_files_alone(deployed: Broker) -> None:
    host = deployed.host
    host.run(PREPARE)
    host.run("cat >/etc/data-broker/data_description.md", stdin=DESCRIPTION)
    as_feeds = ("runuser", "-u", "feeds", "--", "sh", "-ec")
    host.exec(*as_feeds, ATTACK, stdin=HONEST)
    host.exec(*as_feeds, f"cd /data/input/feeds; umask 027; python3 -c '{ENDLESS}'")
    linked = host.exec(*as_feeds, LINK, check=False)
    assert "Operation not permitted" in linked.stderr  # what it may not read has no second name
    swapper = "systemd-run --quiet --collect --uid=feeds --unit=swapper /usr/bin/python3 -Ic"
    swaps = ("link", "/data/input/feeds/swapped", "/data/input/salaries.csv", str(10**9))
    host.exec(*swapper.split(), SWAPPER, *swaps)
    for _ in range(2):
        sync(host)
        found = tables(host)
        for name in TRAPS[:-1]:
            assert (found[name]["status"], found[name]["files"]) == ("unreadable", []), name
        assert (found["fine"]["status"], found["salaries"]["status"]) == ("ok", "ok")
        assert words(host, found["fine"]["files"] + found["swapped"]["files"]) == {"honest"}
    host.run("systemctl stop swapper")
    for name in ("inside", "key", "folder"):
        assert "is a symbolic link" in found[name]["error"]
    assert "hard links" in found["hard"]["error"]
    assert "a named pipe" in found["pipe"]["error"]
    assert "the source took too long; expected all rows within 1s" in found["endless"]["error"]
    host.run("broker rollback")

    _approve_as_root(host)
    _approve_readers_as_root(host)


def _approve_as_root(host: Host) -> None:
    """What root leaves in the store holds one table; what root approves is taken."""
    host.run("find /data/input/feeds -mindepth 1 ! -name fine.csv -delete")
    host.run("echo id,word >/data/input/feeds/fine.csv")
    sync(host)
    assert tables(host)["fine"]["status"] == "held"
    refused = host.run(f"{BROKER}/broker approve feeds.fine --config=/etc/data-broker", check=False)
    assert "only the owner of the store may write into it" in refused.stderr
    approval = f"{STORE}/approvals/feeds.fine"
    host.run(f"umask 077; echo 3 >{approval}")
    host.run("printf '2,new\\n' >>/data/input/salaries.csv")
    sync(host)
    found = tables(host)
    assert (found["fine"]["status"], found["salaries"]["rows"]) == ("held", 2)
    assert f"does not count, {approval}: Permission denied" in found["fine"]["error"]
    host.run("broker approve feeds.fine")
    assert host.run(f"stat --format=%U {approval}").stdout == "broker\n"
    sync(host)
    assert tables(host)["fine"]["status"] == "empty"


def _approve_readers_as_root(host: Host) -> None:
    """A table that leaves its class is for the group of before, until root approves."""
    host.run("sed -i 's/, access: private//' /etc/data-broker/data_description.md")
    sync(host)
    found = tables(host)["salaries"]
    assert (found["status"], found["access"]) == ("held", "private")
    could = "class private (group data-private) could read it; now every analyst (class public)"
    assert could in found["readers"]
    assert could in host.run("journalctl --unit=broker-sync.service --lines=100").stdout
    group = f"stat --format=%G {STORE}/current/parquet/hr/salaries.parquet"
    assert host.run(group).stdout == "data-private\n"
    assert could in host.run("broker approve hr.salaries").stdout
    sync(host)
    assert tables(host)["salaries"]["status"] == "ok"
    assert host.run(group).stdout == "dataread\n"
    refused = host.run("broker rollback", check=False)
    assert refused.returncode == 0, refused.stderr  # to a generation of fewer readers
    refused = host.run(f"broker rollback $(ls {STORE}/generations | tail -1)", check=False)
    assert "more people could read a table of this generation than now" in refused.stderr
