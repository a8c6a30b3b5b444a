"""Who may read what, proved on a deployed host: by the timer's own unit, and over real ssh."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rig.hosts import DEFAULT, Host, Run, wait_for
from rig.hosts.image import ensure
from tests.documented import documented

from .deploy import Broker, broker_image, with_inventory

pytestmark = pytest.mark.system

KEYS = "root/people"
PROOF = "/var/lib/data-broker/access-proof.json"
LOG = "/var/log/data-broker/audit.jsonl"
TABLES = {
    "shop/orders": "public",
    "shop/customers": "public",
    "vault/salaries": "private",
    "books/ledger": "finance",
}
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"classes": []},
    "bob": {"classes": ["private"]},
    "cid": {"classes": ["finance"]},
    "dan": {"classes": ["finance", "private"]},
    "eve": {"classes": ["private"], "shell": True},
}
SECRETS = ("vault", "salaries", "books", "ledger")
PARTS = ("--tags", "base_accounts,app_config,analysts_preflight,analysts_list")
DESCRIPTION = """
```yaml
folder_mapping: {shop: shop, vault: vault, books: books}
tables:
"""
DESCRIBED = """
  - {{id: {folder}.{name}, name: {name}, description: About {name}, primary_key: id,
     sync_strategy: full_refresh}}
"""


@dataclass(frozen=True)
class Scene:
    broker: Broker
    keys: Path

    @property
    def host(self) -> Host:
        return self.broker.host

    def rsync(self, person: str, *words: str) -> subprocess.CompletedProcess[str]:
        """What this person types on a laptop; HOST stands for the broker."""
        shell = f"ssh -F {self.host.ssh_config} -i {self.keys / person} -o BatchMode=yes"
        remote = f"{person}@{self.host.name}"
        line = [word.replace("HOST", remote) for word in words]
        return subprocess.run(
            ["rsync", "-e", shell, *line], capture_output=True, text=True, check=False, timeout=120
        )

    def prove(self) -> tuple[int, list[str]]:
        done = self.host.exec("broker", "access", "prove", "--json", check=False)
        assert done.stdout, done.stderr
        found = json.loads(done.stdout)["findings"]
        return done.returncode, [f"{one['who']}: {one['path']} {one['problem']}" for one in found]


def settings(folder: Path) -> str:
    description = folder / "data_description.md"
    tables = [
        DESCRIBED.format(folder=path.split("/")[0], name=path.split("/")[1]) for path in TABLES
    ]
    description.write_text(DESCRIPTION + "".join(tables) + "```\n")
    analysts = []
    for name, more in PEOPLE.items():
        key = folder / name
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
        subprocess.run(line, check=True)
        analysts.append({"name": name, "keys": [key.with_suffix(".pub").read_text()], **more})
    classes = {
        "public": {"group": "dataread"},
        "private": {"group": "data-private", "folders": ["vault"]},
        "finance": {"folders": ["books"]},
    }
    return json.dumps(
        {
            "broker_data_description": str(description),
            "broker_access_classes": classes,
            "broker_analysts": analysts,
        }
    )


@pytest.fixture
def scene(hosts_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Three classes, five kinds of analyst, four tables, on a host of the test's own."""
    release = DEFAULT
    parent = broker_image(hosts_run, release)
    image = ensure(
        hosts_run,
        "oversight",
        release,
        key=Path(__file__).read_text(),
        prepare=prepare,
        parent=parent,
    )
    host = hosts_run.boot(f"scene-{uuid.uuid4().hex[:8]}", release, disks=image.disks)
    keys = tmp_path_factory.mktemp("people") / "keys"
    shutil.copytree(host.root / KEYS, keys)
    yield Scene(with_inventory(host), keys)
    hosts_run.remove(host.name)


def prepare(host: Host) -> None:
    """What every test of this file begins with; the private keys are kept on the host itself."""
    broker = with_inventory(host)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        broker.play("site.yml", "-e", settings(folder), *PARTS)
        shutil.copytree(folder, host.root / KEYS)
    for path in TABLES:
        table = path.split("/")[1]
        host.exec("tee", f"/data/input/{table}.csv", stdin="id,word\n1,one\n2,two\n")
    host.exec("systemctl", "start", "broker-sync.service", timeout=300)
    wait_for("the proof of the generation", lambda: proved(host), seconds=240)


def current(host: Host) -> str:
    return host.exec("readlink", "/data/src_data/current").stdout.strip().split("/")[1]


def proved(host: Host) -> bool:
    found = host.exec("cat", PROOF, check=False).stdout
    return bool(found) and json.loads(found)["generation"] == current(host)


def test_a_publish_is_followed_by_a_proof_that_the_status_tells(scene: Scene) -> None:
    host = scene.host
    host.exec("systemctl", "start", "broker-sync.service", timeout=300)
    wait_for("the proof of the new generation", lambda: proved(host), seconds=240)
    code, violations = scene.prove()
    assert violations == []
    assert code == 0
    facts = json.loads(host.exec("broker", "status", "--json", check=False).stdout)
    assert facts["access"]["unexpected"] == 0, facts["access"]["findings"]
    assert facts["access"]["checks"] > 1000
    everybody = json.loads(host.exec("list-analysts", "--json").stdout)
    assert facts["access"]["analysts"] == len(everybody) >= len(PEOPLE)
    assert host.exec("stat", "-c", "%a %U:%G", PROOF).stdout.strip() == "640 root:data-ops"
    assert facts["access"]["stopped"] == []
    host.exec("systemctl", "stop", "broker-access-prove.timer")
    shown_status = host.exec("broker", "status", check=False)
    assert shown_status.returncode == 1
    (command,) = re.findall(r"`(systemctl enable .+)` mends that", shown_status.stdout)
    host.run(command)
    assert host.exec("systemctl", "is-active", "broker-access-prove.timer").stdout == "active\n"


@pytest.mark.parametrize("person", PEOPLE)
def test_over_ssh_everybody_finds_what_the_policy_says_and_no_other_name(
    scene: Scene, person: str, tmp_path: Path
) -> None:
    classes = {"public", *PEOPLE[person]["classes"]}
    for top in ("parquet", "metadata", "docs"):
        pulled = scene.rsync(person, "-r", f"HOST:server/{top}/", str(tmp_path / top))
        assert pulled.returncode == 0, pulled.stderr
    allowed = {path for path, access in TABLES.items() if access in classes}
    parquet = sorted((tmp_path / "parquet").rglob("*.parquet"))
    found = {
        str(path.relative_to(tmp_path / "parquet")).removesuffix(".parquet") for path in parquet
    }
    assert found == allowed
    hidden = {word for path in TABLES.keys() - allowed for word in path.split("/")}
    names = "\n".join(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")).encode()
    texts = b"\n".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not [word for word in hidden if word.encode() in names + texts]
    for word in SECRETS:
        missing = scene.rsync(person, "-r", f"HOST:server/parquet/{word}x/", str(tmp_path / "x"))
        assert missing.returncode != 0
        others = [secret for secret in hidden if secret in missing.stderr.replace(word, "")]
        assert not others, missing.stderr
    target = str(tmp_path / "y")
    for path in ("/data/src_data/current/manifest.json", "/etc/data-broker/instance.yaml"):
        refused = scene.rsync(person, f"HOST:{path}", target)
        assert refused.returncode != 0
        assert not [word for word in hidden if word in refused.stderr]
    pushed = scene.rsync(person, __file__, "HOST:server/parquet/mine")
    assert pushed.returncode != 0


ACL = """
import os, struct, sys
entries = [(1, 7), (2, 5), (4, 5), (16, 5), (32, 0)]
packed = struct.pack("<I", 2)
for tag, rights in entries:
    packed += struct.pack("<HHI", tag, rights, int(sys.argv[2]) if tag == 2 else 0xFFFFFFFF)
os.setxattr(sys.argv[1], "system.posix_acl_access", packed)
"""
NO_ACL = 'import os, sys; os.removexattr(sys.argv[1], "system.posix_acl_access")'
VIEW = "/data/src_data/current/views/private/tree"


@pytest.mark.parametrize(
    ("broken", "mended", "message"),
    [
        (
            "gpasswd -a ann data-private",
            "gpasswd -d ann data-private",
            "vault/salaries.parquet can read it",
        ),
        (
            "gpasswd -a www-data data-finance",
            "gpasswd -d www-data data-finance",
            "www-data: /etc/group is a member of data-finance",
        ),
        (
            f"chmod 644 {VIEW}/parquet/vault/salaries.parquet",
            f"chmod 640 {VIEW}/parquet/vault/salaries.parquet",
            "has mode 0644",
        ),
        (
            f"python3 -c '{ACL}' {VIEW} $(id -u www-data)",
            f"python3 -c '{NO_ACL}' {VIEW}; chmod 2750 {VIEW}",
            "views/private/tree is let in by an access list",
        ),
        (
            "chmod 644 /etc/data-broker/instance.yaml",
            "chmod 640 /etc/data-broker/instance.yaml",
            "ann: /etc/data-broker/instance.yaml can read it",
        ),
        ("chmod 755 /home/bob", "chmod 750 /home/bob", "ann: /home/bob can read it"),
    ],
    ids=["group of an analyst", "group of a stranger", "file", "access list", "config", "home"],
)
def test_what_is_broken_on_purpose_is_found(
    scene: Scene, broken: str, mended: str, message: str
) -> None:
    scene.host.exec("sh", "-ec", broken)
    try:
        code, found = scene.prove()
    finally:
        scene.host.exec("sh", "-ec", mended)
    assert code == 1
    assert [line for line in found if message in line], found
    assert scene.prove() == (0, [])


# The service puts what it likes in the place of a document that every analyst reads.
PLANT = """
cd /data/src_data/current/views/tree/metadata
document=$(find . -name '*.json' | sort | head -n 1)
rm -f $document
{} $document
"""
AS_SERVICE = "systemd-run --quiet --wait --pipe --collect --uid=broker --unit=broker-run-plant"
CANARY = "/root/canary.json"


def test_the_proof_follows_no_link_of_the_service_to_files_of_root(scene: Scene) -> None:
    host, content = scene.host, json.dumps({"table": "vault/salaries"})
    host.exec("install", "-m", "600", "/dev/stdin", CANARY, stdin=content)
    for plant, is_named in ((f"ln -s {CANARY}", False), (f"echo '{content}' >", True)):
        host.exec(*AS_SERVICE.split(), "sh", "-ec", PLANT.format(plant))
        code, found = scene.prove()
        assert code == 1
        assert [line for line in found if "/views/tree/metadata/" in line], found
        assert bool([line for line in found if "names vault/salaries" in line]) is is_named, found
        assert not [line for line in found if CANARY in line]


def test_what_the_page_of_security_tells_to_type(scene: Scene) -> None:
    for command in (*documented("access-proof"), *documented("audit-log")):
        assert scene.host.exec("sh", "-ec", command).stdout


def test_one_answer_is_explained(scene: Scene) -> None:
    def why(person: str, table: str) -> str:
        return scene.host.exec("broker", "access", "why", person, table).stdout

    yes, no = why("bob", "vault/salaries"), why("cid", "salaries")
    assert "bob may read vault/salaries (vault.salaries): yes" in yes
    assert "private: the folder vault is listed in /etc/data-broker/instance.yaml:" in yes
    assert "read 1 of 1 files in the view - as decided" in yes
    assert "cid may read vault/salaries (vault.salaries): no" in no
    assert "has finance, public, so does not hold private" in no
    assert "read 0 of 1 files in the view - as decided" in no
    wrong = scene.host.exec("broker", "access", "why", "bob", "salary", check=False)
    assert (wrong.returncode, len(wrong.stderr.splitlines())) == (1, 1)


ASK = """
import json, sys
from broker.accounts.service.client import Client
from broker.errors import BrokerError
try:
    print(json.dumps(Client(behalf="jan@example.com").call(**json.loads(sys.argv[1]))))
except BrokerError as error:
    sys.exit(str(error))
"""


def ask(host: Host, user: str, **more: Any) -> subprocess.CompletedProcess[str]:
    python = "/opt/data-broker/current/venv/bin/python"
    line = ["runuser", "-u", user, "--", python, "-I", "-c", ASK, json.dumps(more)]
    return host.exec(*line, check=False, timeout=300)


def test_the_portal_asks_through_the_socket_and_nobody_else(scene: Scene) -> None:
    host, key = scene.host, (scene.keys / "ann.pub").read_text()
    other = scene.keys / "zoe"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True)
    zoe = other.with_suffix(".pub").read_text()
    added = ask(host, "broker-portal", verb="add", name="zoe", keys=[zoe])
    assert (added.returncode, json.loads(added.stdout)["changed"]) == (0, True), added.stderr
    assert json.loads(
        ask(host, "broker-portal", verb="grant", name="zoe", classes=["private"]).stdout
    )
    assert "data-private" in host.exec("id", "-nG", "zoe").stdout
    taken = ask(host, "broker-portal", verb="key-add", name="zoe", key=key)
    assert (taken.returncode, len(taken.stderr.splitlines())) == (1, 1)
    left = [f"{place}/of-zoe" for place in ("/tmp", "/var/tmp", "/dev/shm")]  # noqa: S108
    host.exec("runuser", "-u", "zoe", "--", "touch", *left)
    removed = ask(host, "broker-portal", verb="remove", name="zoe", home="delete")
    assert removed.returncode == 0, removed.stderr
    assert host.exec("ls", *left, check=False).stdout == "", "its sandbox shows it the host's own"
    assert host.exec("id", "zoe", check=False).returncode == 1
    for user in ("ann", "eve", "www-data", "broker"):
        refused = ask(host, user, verb="list")
        assert "may not ask" in refused.stderr
    shown = json.loads(host.exec("broker", "audit", "--user", "zoe", "--json").stdout)
    assert not shown["garbled"]
    recorded = {(one["action"], one["result"]) for one in shown["events"]}
    assert {
        ("analyst.add", "done"),
        ("request.grant", "done"),
        ("analyst.remove", "done"),
    } <= recorded
    assert ("request.key-add", "refused") in recorded
    assert {one["actor"]["claims"]["behalf"] for one in shown["events"]} == {"jan@example.com"}
    assert host.exec("systemctl", "is-active", "broker-accounts.socket").stdout == "active\n"


def test_a_pull_is_recorded_with_its_generation_and_its_bytes(scene: Scene, tmp_path: Path) -> None:
    assert scene.rsync("dan", "-r", "HOST:server/parquet/", str(tmp_path)).returncode == 0
    size = sum(path.stat().st_size for path in tmp_path.rglob("*.parquet"))
    output = scene.host.exec(
        "broker", "audit", "--action", "pull", "--user", "dan", "--json"
    ).stdout
    last = json.loads(output)["events"][-1]
    assert (last["subject"], last["result"]) == ("dan", "done")
    assert last["detail"]["generation"] == current(scene.host)
    assert size < last["detail"]["sent_bytes"] < size + 100_000


def test_no_sudo_rule_is_ours(scene: Scene) -> None:
    rules = "grep -rlsiE 'broker|data-|dataread|analyst' /etc/sudoers /etc/sudoers.d"
    found = scene.host.exec("sh", "-c", rules, check=False)
    assert (found.returncode in (1, 2), found.stdout) == (True, "")


TRUNCATE = f"""
import sys
try:
    open("{LOG}", "w")
except PermissionError:
    sys.exit(7)
"""


def test_the_log_only_grows_and_rotates(scene: Scene) -> None:
    host = scene.host
    assert host.exec("stat", "-c", "%a %U:%G", LOG).stdout.strip() == "640 root:adm"
    assert host.exec("python3", "-c", TRUNCATE, check=False).returncode == 7
    assert host.exec("runuser", "-u", "eve", "--", "cat", LOG, check=False).returncode == 1
    host.exec("broker", "analyst", "grant", "ann", "private")
    journal = host.exec("journalctl", "-q", "-o", "json", "BROKER_SUBJECT=ann").stdout
    assert any(json.loads(line)["_UID"] == "0" for line in journal.splitlines())
    before = json.loads(host.exec("broker", "audit", "--json").stdout)["events"]
    for _ in range(2):
        host.exec("logrotate", "--force", "/etc/logrotate.d/data-broker-audit")
        host.exec("broker", "access", "prove", "--record")
    after = json.loads(host.exec("broker", "audit", "--json").stdout)
    assert after["garbled"] == []
    assert after["events"][: len(before)] == before
    proofs = [one for one in after["events"][len(before) :] if one["action"] == "access.prove"]
    assert len(proofs) >= 2
    assert host.exec("python3", "-c", TRUNCATE, check=False).returncode == 7
    by_ansible = [one for one in before if one["actor"]["via"] == "ansible"]
    assert {one.get("subject") for one in by_ansible} >= set(PEOPLE)
