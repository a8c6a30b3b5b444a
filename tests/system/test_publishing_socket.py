"""An admin of the portal acts on what a host publishes, through the socket alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rig.hosts import RELEASES, Host, wait_for
from tests.unit.publishing.answers import checked

from .deploy import Broker

pytestmark = pytest.mark.system

PYTHON = "/opt/data-broker/current/venv/bin/python"
ASK = """
import json, sys
from broker.errors import BrokerError
from broker.publishing.client import PublishingClient
verb, fields = sys.argv[1], json.loads(sys.argv[2])
try:
    reply = PublishingClient(behalf="jan@example.com").call(verb, **fields)
except BrokerError as error:
    reply = {"refused": str(error)}
print(json.dumps(reply))
"""
RUNS = "broker runs --json"
ROWS = "seq 1 {last} | sed '1i city_id' >/data/input/cities.csv"


def ask(host: Host, verb: str, account: str = "broker-portal", **fields: Any) -> dict[str, Any]:
    words = ("runuser", "-u", account, "--", PYTHON, "-Ic", ASK, verb, json.dumps(fields))
    reply: dict[str, Any] = json.loads(host.exec(*words).stdout)
    return reply


def facts(host: Host, *parts: str, **more: Any) -> dict[str, Any]:
    """Each as the pages of the portal are tested with it."""
    reply = ask(host, "facts", parts=parts, **more)
    return {part: checked(part, found) for part, found in reply.items()}


def synced(host: Host, runs: int) -> None:
    """Start one through the socket, and wait until it is recorded as the run of this number."""
    assert ask(host, "run") == {"started": True}
    wait_for(
        "the end of the sync",
        lambda: (
            len(json.loads(host.run("broker runs --json", check=False).stdout)["ended"]) == runs
        ),
        seconds=120,
    )
    assert len(facts(host, "syncs")["syncs"]["ended"]) == runs


def shows_the_log(host: Host) -> None:
    """Of the last sync, and of no other unit."""
    ended = facts(host, "syncs")["syncs"]["ended"][-1]
    log = ask(host, "log", invocation=ended["invocation"])
    assert (log["hidden"], log["is_cut"]) == (0, False)
    texts = [one["text"] for one in log["lines"]]
    assert "table=example/cities phase=read" in texts
    assert any(one.startswith("table=example/cities phase=done status=ok") for one in texts)
    assert any(
        one.startswith(f"generation {ended['generation']}, 1 table, 10 rows") for one in texts
    )
    systemd = [one["text"] for one in log["lines"] if one["is_systemd"]]
    assert any(one.startswith("Starting broker-sync.service") for one in systemd)
    assert [one["at"] for one in log["lines"]] == sorted(one["at"] for one in log["lines"])
    show = "systemctl show --value --property=InvocationID ssh.service"
    other = host.run(show).stdout.strip()
    assert "no sync of this id" in ask(host, "log", invocation=other)["refused"]


def ends_with_logs_that_are_gone(host: Host) -> None:
    """Typed by a person, whose terminal has the lines; then all are dropped."""
    host.run("broker sync", check=False)
    typed = facts(host, "syncs")["syncs"]["ended"][-1]
    assert typed["unit"].startswith("broker-run-sync-")
    log = ask(host, "log", invocation=typed["invocation"])
    assert log["lines"]
    assert {one["is_systemd"] for one in log["lines"]} == {True}
    host.run("journalctl --rotate && journalctl --vacuum-time=1us")
    gone = ask(host, "log", invocation=typed["invocation"])
    assert gone == {"lines": [], "hidden": 0, "is_cut": False}


@pytest.mark.parametrize("deployed", RELEASES, indirect=True)
def test_an_admin_syncs_approves_and_rolls_back_and_no_other_account_does(
    deployed: Broker,
) -> None:
    host = deployed.host
    for account in ("nobody", "broker"):
        assert "may not ask" in ask(host, "run", account=account)["refused"]
    host.run(ROWS.format(last=10))
    before = len((facts(host, "syncs")["syncs"] or {}).get("ended", []))
    synced(host, before + 1)
    (first,) = facts(host, "generations")["generations"]
    assert (first["rows"], first["current"], first["good"]) == (10, True, True)

    shows_the_log(host)

    host.run(ROWS.format(last=1))
    synced(host, before + 2)
    (waits,) = facts(host, "held")["held"]
    assert (waits["id"], waits["what"], waits["rows"]) == ("example.cities", "deletion", 9)
    assert not waits["approved"]
    wish = {"table": waits["id"], "what": "deletion"}
    assert "something else" in ask(host, "approve", **wish, found="8" * 64)["refused"]
    assert ask(host, "approve", **wish, found=waits["found"]) == {"approved": "example.cities"}
    approvals = "stat --format='%U %a' /data/src_data/approvals/example.cities"
    assert host.run(approvals).stdout == "broker 600\n"
    assert [one["approved"] for one in facts(host, "held")["held"]] == [True]
    synced(host, before + 3)
    assert facts(host, "held") == {"held": []}
    assert facts(host, "generations")["generations"][-1]["rows"] == 1

    name = first["generation"]
    assert facts(host, "more_readers", generation=name) == {"more_readers": []}
    assert ask(host, "rollback", generation=name) == {"current": name}
    assert host.run("readlink /data/src_data/current").stdout == f"generations/{name}\n"
    assert "published already" in ask(host, "rollback", generation=name)["refused"]

    found = facts(host, "units", "disks", "certificates", "proof")
    states = {one["unit"]: one["active"] for one in found["units"]}
    assert states["broker-publishing.socket"] == states["broker-sync.timer"] == "active"
    assert all(0 < one["bytes_free"] < one["bytes"] for one in found["disks"])
    assert found["certificates"] == []
    assert "findings" not in found["proof"]

    page = ask(host, "audit", action="request", user="jan@example.com", count="100")
    checked("audit", page)
    requests = [(one["action"], one["result"]) for one in page["events"]]
    assert requests.count(("request.approve", "done")) == 1
    assert requests.count(("request.approve", "refused")) == 1
    assert requests.count(("request.rollback", "done")) == 1
    assert {one["actor"]["name"] for one in page["events"]} == {"broker-portal"}
    (line,) = [one for one in page["events"] if one["action"] == "request.rollback"][1:]
    assert line["detail"] == {"generation": name}
    ends_with_logs_that_are_gone(host)
    left = "ls /run/broker-publishing/*.words"
    assert host.run(left, check=False).stdout == ""
    failed = host.run("systemctl list-units --failed --no-legend 'broker-pub*'").stdout
    assert failed == ""
