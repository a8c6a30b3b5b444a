"""A second source on a host: its extra is installed, its secret reaches the sync alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.keboola import StandIn
from tests.hosts import Run
from tests.integration.sources.keboola.conftest import FORGOTTEN_FILES, Loader

from .deploy import Broker

pytestmark = [pytest.mark.system, pytest.mark.filterwarnings(FORGOTTEN_FILES)]

NAME = "KEBOOLA_TOKEN"
DESCRIPTION = """```yaml
folder_mapping: {in.c-shop: both}
tables:
  - {id: here, folder: both, primary_key: id, sync_strategy: full_refresh}
  - {id: in.c-shop.there, source: project, primary_key: id, sync_strategy: full_refresh}
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


@pytest.fixture
def keboola(hosts_run: Run, tmp_path: Path) -> Iterator[StandIn]:
    """A project with one table, at an address that the hosts of this run reach."""
    with StandIn(host=str(hosts_run.network().gateway), folder=tmp_path) as serving:
        Loader(serving).create("there", ["id", "what"], [["1", "one"], ["2", ""]], key="id")
        yield serving


@pytest.fixture
def broker(deployed: Broker, keboola: StandIn, tmp_path: Path) -> Iterator[Broker]:
    """A broker that reads a folder and a project; afterwards it is as it was."""
    description = tmp_path / "data_description.md"
    description.write_text(DESCRIPTION)
    project = {"type": "keboola", "url": keboola.url, "project": "1234", "token": f"${{{NAME}}}"}
    settings = {
        "broker_sources": {"project": project},
        "broker_secrets": {NAME: keboola.token},
        "broker_data_description": str(description),
    }
    told = tmp_path / "settings.json"
    told.write_text(json.dumps(settings))
    played = deployed.play("site.yml", "--diff", "-vv", "-e", f"@{told}", *PARTS)
    assert keboola.token not in played.output
    deployed.host.run("mkdir -p /data/input && echo id > /data/input/here.csv")
    yield deployed
    deployed.host.run("rm /data/input/here.csv")
    deployed.play("site.yml", *PARTS)


def checked(broker: Broker) -> tuple[int, dict[str, bool]]:
    """The exit code of ``broker check``, and which sources work."""
    done = broker.host.run("broker check --json", check=False)
    told: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, {source["name"]: source["works"] for source in told["sources"]}


def leaks(broker: Broker, text: str) -> int:
    return int(broker.host.exec("sh", "-c", LEAKS, stdin=text, check=False).stdout)


def test_a_second_source_on_a_host(broker: Broker, keboola: StandIn) -> None:
    host = broker.host
    assert checked(broker) == (0, {"csv": True, "project": True})
    assert host.run(WATCHED_SYNC).stdout == "0\n"

    status = json.loads(host.run("broker status --data /data/src_data --json").stdout)
    rows = {table["id"]: table["rows"] for table in status["tables"]}
    assert rows == {"here": 0, "in.c-shop.there": 2}

    # Root may read the folder, the sync may not: a check has the rights of a sync.
    host.run("chmod 700 /data/input")
    assert checked(broker) == (1, {"csv": False, "project": True})
    host.run("chmod 755 /data/input")
    keboola.project.tokens.master.is_disabled = True
    assert checked(broker) == (1, {"csv": True, "project": False})

    assert host.run(f"cat {SECRET_FILE}").stdout == keboola.token
    assert leaks(broker, keboola.token) == 0
    assert leaks(broker, "Invalid access token") + leaks(broker, "KEBOOLA_TOKEN") > 0
