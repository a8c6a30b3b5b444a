"""A second source on a host: its extra is installed, its secret reaches the sync alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rig.fakes.certificates import serving, write_certificate
from rig.fakes.keboola import Fault, StandIn
from rig.fakes.proxy import Proxy
from rig.hosts import Run
from tests.integration.sources.keboola.conftest import FORGOTTEN_FILES, Loader

from .deploy import Broker

pytestmark = [pytest.mark.system, pytest.mark.filterwarnings(FORGOTTEN_FILES)]

NAME = "KEBOOLA_TOKEN"
DESCRIPTION = """```yaml
folder_mapping: {in.c-shop: both}
tables:
  - {id: here, folder: both, primary_key: id, sync_strategy: full_refresh}
  - {id: in.c-shop.there, source: project, primary_key: id, sync_strategy: full_refresh}
  - {id: in.c-shop.fails, source: project, primary_key: id, sync_strategy: full_refresh}
  - {id: in.c-shop.breaks, source: project, primary_key: id, sync_strategy: full_refresh}
  - {id: in.c-shop.feigned, source: untrusted, primary_key: id, sync_strategy: full_refresh}
```
"""
PARTS = ("--tags", "app_release,app_config,app_secrets,sync_units")
# /proc tells arguments and environment of whatever runs while the sync does.
WATCHED_SYNC = """
rm -f /run/ended
(systemctl start broker-sync.service; echo $? >/run/ended) &
until [ -s /run/ended ]; do
  cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
done >/run/watched
cat /run/ended
"""
SECRET_FILE = f"/etc/data-broker/credentials/{NAME}"
# How often the text given as input stands in what the host keeps, but for that one file.
LEAKS = f"""
token=$(cat)
{{
  find /etc /data /home /opt/data-broker/current/ /root /run /srv /tmp /usr/local /var -xdev \
    -type f ! -path {SECRET_FILE} -exec cat {{}} +
  journalctl --no-pager --output=export
}} | grep -acF -e "$token"
"""


# What goes wrong with two of the tables, beside a server that nobody trusts.
FAULTS = (
    Fault("internal", "start", table="in.c-shop.fails", times=None),
    Fault("reset", "slice", table="in.c-shop.breaks", times=None),
)


@pytest.fixture
def gateway(hosts_run: Run) -> str:
    """An address of this machine that the hosts of this run reach."""
    return str(hosts_run.network().gateway)


@pytest.fixture
def keboola(gateway: str, tmp_path: Path) -> Iterator[StandIn]:
    """A project with three tables."""
    with StandIn(host=gateway, folder=tmp_path) as standin:
        loader = Loader(standin)
        for name in ("there", "fails", "breaks"):
            loader.create(name, ["id", "what"], [["1", "one"], ["2", ""]], key="id")
        yield standin


@pytest.fixture
def untrusted(gateway: str, tmp_path: Path) -> Iterator[StandIn]:
    """Whose certificate is signed by nobody."""
    certificate = write_certificate(tmp_path / "server.pem", gateway)
    with StandIn(host=gateway, folder=tmp_path, tls=serving(certificate)) as standin:
        yield standin


@pytest.fixture
def proxy(gateway: str) -> Iterator[Proxy]:
    """The way to the project."""
    with Proxy("some one:pass@word", gateway) as standin:
        yield standin


@pytest.fixture
def broker(
    deployed: Broker, keboola: StandIn, untrusted: StandIn, proxy: Proxy, tmp_path: Path
) -> Broker:
    """A broker that reads a folder and projects."""
    description = tmp_path / "data_description.md"
    description.write_text(DESCRIPTION)
    project = {"type": "keboola", "url": keboola.url, "project": "1234", "token": f"${{{NAME}}}"}
    settings = {
        "broker_sources": {
            "project": {**project, "attempts": 2},
            "untrusted": {**project, "url": untrusted.url},
        },
        "broker_environment": {"http_proxy": f"http://some%20one:pass%40word@{proxy.address}"},
        "broker_secrets": {NAME: "{{ vault_keboola_token }}"},
        "broker_data_description": str(description),
    }
    variables = deployed.inventory.parent / "group_vars" / "all"
    variables.mkdir(parents=True)
    (variables / "main.yml").write_text(json.dumps(settings))
    word = tmp_path / "word"
    word.write_text("correct horse\n")
    password = f"--vault-password-file={word}"
    encrypt(variables / "vault.yml", json.dumps({"vault_keboola_token": keboola.token}), password)
    played = deployed.play("site.yml", "--diff", "-vv", password, *PARTS)
    assert keboola.token not in played.output
    deployed.host.run("mkdir -p /data/input && echo id > /data/input/here.csv")
    return deployed


def encrypt(path: Path, text: str, password: str) -> None:
    """Write a file as ``ansible-vault create`` leaves it."""
    path.write_text(text)
    program = Path(sys.executable).with_name("ansible-vault")
    subprocess.run([str(program), "encrypt", password, str(path)], check=True, capture_output=True)
    assert path.read_text().startswith("$ANSIBLE_VAULT;")


def checked(broker: Broker) -> tuple[int, dict[str, bool]]:
    """The exit code of ``broker check``, and which sources work."""
    done = broker.host.run("broker check --json", check=False)
    report: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, {source["name"]: source["works"] for source in report["sources"]}


def leaks(broker: Broker, text: str) -> int:
    return int(broker.host.exec("sh", "-c", LEAKS, stdin=text, check=False).stdout)


def test_a_second_source_on_a_host(broker: Broker, keboola: StandIn, proxy: Proxy) -> None:
    host = broker.host
    assert checked(broker) == (1, {"csv": True, "project": True, "untrusted": False})
    before = len(proxy.seen)
    assert before
    keboola.faults.add(*FAULTS)
    assert host.run(WATCHED_SYNC).stdout == "1\n"
    assert len(proxy.seen) > before

    output = host.run("broker status --data /data/src_data --json", check=False).stdout
    status = json.loads(output)
    tables = {table["id"].rpartition(".")[2]: table for table in status["tables"]}
    assert {name: tables[name]["rows"] for name in ("here", "there")} == {"here": 0, "there": 2}
    for name, sentence in [
        ("fails", "HTTP 500 (code application, exceptionId "),
        ("breaks", f"failed or broke off (through the proxy {proxy.address})"),
        ("feigned", "the certificate of the server cannot be trusted"),
    ]:
        assert sentence in tables[name]["error"]

    # Root may read the folder, the sync may not: a check has the rights of a sync.
    host.run("chmod 700 /data/input")
    keboola.project.tokens.master.is_disabled = True
    assert checked(broker) == (1, dict.fromkeys(("csv", "project", "untrusted"), False))
    host.run("chmod 755 /data/input")

    assert host.run(f"cat {SECRET_FILE}").stdout == keboola.token
    assert leaks(broker, keboola.token) == 0
    assert leaks(broker, "exceptionId") > 0
    assert leaks(broker, "Invalid access token") + leaks(broker, "KEBOOLA_TOKEN") > 0
