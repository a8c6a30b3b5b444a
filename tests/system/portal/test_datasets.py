"""A choice of datasets on its way from the portal's account to a laptop, and what comes back."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from rig.hosts import DEFAULT, Host, Run
from tests.system.deploy import pristine
from tests.system.laptop.laptops import (
    ANALYST,
    AnalystFolder,
    add_analyst,
    boot_laptop,
    publish,
)

pytestmark = pytest.mark.system

TABLES = """\
  - {id: shop.orders, dataset: shop, types: {id: BIGINT}}
  - {id: crm.people, dataset: crm, types: {id: BIGINT}}
"""
# As the portal asks, with its account.
ASK = """
import json, sys
from broker.accounts.service.client import Client
client = Client(behalf="anna@example.com")
print(json.dumps(client.call(sys.argv[1], **json.loads(sys.argv[2]))))
"""
PYTHON = "/opt/data-broker/current/venv/bin/python"


def request(broker: Host, verb: str, **fields: Any) -> dict[str, Any]:
    words = ("runuser", "-u", "broker-portal", "--", PYTHON, "-I", "-c", ASK)
    answer: dict[str, Any] = json.loads(broker.exec(*words, verb, json.dumps(fields)).stdout)
    return answer


def anna(broker: Host) -> dict[str, Any]:
    (found,) = request(broker, "list", name=ANALYST)["analysts"]
    return dict(found)


def test_a_choice_reaches_the_laptop_which_says_so_by_rsync_and_by_sftp(hosts_run: Run) -> None:
    laptop = boot_laptop(hosts_run, f"laptop-{uuid.uuid4().hex[:8]}")
    with pristine(hosts_run, DEFAULT) as deployed:
        broker, folder = deployed.host, AnalystFolder(laptop)
        line = add_analyst(broker, laptop)
        generation = publish(broker, TABLES, {"orders.csv": "id\n1\n", "people.csv": "id\n1\n2\n"})
        ended = folder.first_contact(line)
        assert ended.code == 0, ended.errors
        (known,) = anna(broker)["laptops"]
        assert (known["name"], known["choice"], known["code"]) == (laptop.name, "none", 0)
        assert known["generation"] == generation
        (key,) = anna(broker)["keys"]
        assert key["last_used"] is not None

        chosen = request(broker, "choose-datasets", name=ANALYST, without=["crm"])["datasets"]
        assert anna(broker)["datasets"] == chosen
        assert anna(broker)["laptops"][0]["choice"] == "none"  # not yet
        ended = folder.sync()
        assert ended.code == 0, ended.errors
        assert "as chosen in the portal, without crm" in ended.output
        assert folder.rows("orders") == 1
        assert not (folder.tree / "parquet/crm").exists()
        (known,) = anna(broker)["laptops"]
        assert (known["choice"], known["code"]) == (chosen["id"], 0)

        chosen = request(broker, "choose-datasets", name=ANALYST, without=[])["datasets"]
        ended = folder.sync("--sftp")
        assert ended.code == 0, ended.errors
        assert folder.rows("people") == 2
        (known,) = anna(broker)["laptops"]
        assert (known["choice"], known["code"]) == (chosen["id"], 0)

        # It is root's, whatever the analyst sends.
        place = f"/home/{ANALYST}/server/settings/datasets.json"
        stands = broker.exec("stat", "--format=%U:%G %a", place, f"/home/{ANALYST}/server/settings")
        assert stands.stdout.split("\n")[:2] == ["root:root 644", "root:root 755"]
        push = folder.type(
            "rsync -e 'ssh -F .broker/ssh_config' .broker/host "
            '"$(cat .broker/host):server/settings/"'
        )
        assert push.code != 0
        audit = broker.exec("broker", "audit", "--action", "pull", "--json").stdout
        assert laptop.name in audit
    hosts_run.remove(laptop.name)
