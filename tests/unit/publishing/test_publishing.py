"""The helper for publishing over real sockets: what it takes, what it refuses, what it leaves."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.access import Proof, Violation, write_proof
from broker.access import proof_now as proof_module
from broker.access.proof_status import ProofStatus
from broker.audit.reading import read_log
from broker.errors import BrokerError, LockedError, PublishError
from broker.helper.grammar import MAX_REQUEST
from broker.helper.rate_limit import Limit
from broker.manifest import Status
from broker.publish import Deletion, Generation, Store
from broker.publish.deletions import deletion_note
from broker.publishing import host as host_module
from broker.publishing import machine, published
from broker.publishing.client import PublishingClient
from broker.publishing.host import DeployedHost
from broker.publishing.journal import JournalLine, RunLog
from broker.publishing.machine import certificate_facts, certificates, disks
from broker.publishing.protocol import FACT_PARTS, PUBLISHING_VERBS, parse_act
from broker.publishing.serve import PublishingHelper
from broker.runs import SERVICE, Ended, RunRecord, RunStatus
from broker.runs.systemd import Unit
from tests.unit.publish.making import entry, publish, republish
from tests.unit.publishing.answers import FACTS, checked

PORTAL = "nobody-of-this-host"
NOW = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)
ABSENT = "2026-01-01T000000Z-0000"
RUN = "0123456789abcdef" * 2
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="the helper serves root, and no other uid here"
)


@dataclass
class ScratchHost:
    """A store and a log in a folder; what would be run there is kept in ``ran``."""

    folder: Path
    busy: bool = False
    ran: list[list[str]] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return Store(self.folder / "data", reserve_bytes=0)

    @property
    def log(self) -> Path:
        return self.folder / "log" / "audit.jsonl"

    @property
    def tokens(self) -> Path:
        return self.folder / "tokens"

    def start_sync(self) -> bool:
        self.ran.append(["start"])
        return not self.busy

    def as_service(self, words: Sequence[str]) -> None:
        if self.busy:
            raise LockedError("the store is busy")
        self.ran.append([*words])

    def sync_log(self, invocation: str) -> RunLog:
        if invocation != RUN:
            raise PublishError("no sync of this id is on record", where=invocation)
        line = JournalLine(datetime(2026, 11, 30, tzinfo=UTC), "info", "table=a", is_systemd=False)
        return RunLog((line,), hidden=2, is_cut=False)

    def look(self, part: str) -> Any:
        if part == "syncs":
            raise BrokerError("systemd does not answer")
        return [part]


class Door:
    """A listening socket; each connection is served as systemd would have it served."""

    def __init__(self, folder: Path) -> None:
        self.host = ScratchHost(folder)
        self.path = folder / "socket"
        self.helper = PublishingHelper((PORTAL,), self.host, Limit(1000, 0.001))
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(os.fspath(self.path))
        self._listening.listen(8)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                with connection:
                    self.helper.serve(connection)

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(timeout=60)

    def call(self, verb: str, **fields: Any) -> dict[str, Any]:
        return PublishingClient(self.path, "jan@example.com", seconds=60).call(verb, **fields)

    def raw(self, content: bytes) -> dict[str, Any]:
        return PublishingClient(self.path)._asking.reply(content)  # as a hostile caller sends it

    def lines(self) -> list[tuple[str, str, dict[str, Any]]]:
        history = read_log(self.host.log)
        assert not history.garbled
        return [(one.action, one.result, dict(one.detail)) for one in history.events]


@pytest.fixture
def door() -> Iterator[Door]:
    """In a folder that every account may enter: no mode of a file may be what refuses here."""
    with tempfile.TemporaryDirectory(prefix="door-") as folder:
        Path(folder).chmod(0o755)
        made = Door(Path(folder))
        yield made
        made.close()


FOUR, OTHER = "4" * 64, "5" * 64


def hold(store: Store, digest: str, what: str = "deletion") -> Generation:
    """The next generation, in which every table waits to lose four rows."""
    with store.begin() as staging:
        assert staging.previous is not None
        for table in staging.previous.manifest.tables:
            staging.keep(replace(table, status=Status.HELD, losses=4))
            staging.note(table.id, deletion_note(Deletion(what, 4, digest, [{"n": 7}])))
        return staging.commit()


@needs_root
def test_a_sync_is_started_and_one_on_its_way_is_reported(door: Door) -> None:
    assert door.call("run") == {"started": True}
    door.host.busy = True
    assert door.call("run") == {"started": False}
    assert door.host.ran == [["start"]] * 2
    assert door.lines() == [("request.run", "done", {})] * 2
    actor = read_log(door.host.log).events[0].actor
    assert (actor.via, actor.claims) == ("socket", {"behalf": "jan@example.com"})


@needs_root
def test_a_deletion_is_approved_as_it_was_looked_at_and_no_other(door: Door) -> None:
    publish(door.host.store, {entry("cities"): 9, replace(entry("x"), id="-x"): 3})
    with pytest.raises(PublishError, match="no table of this name waits"):
        door.call("approve", table="in.cities", what="deletion", found=FOUR)
    hold(door.host.store, FOUR)
    waits = {one["table"]: one for one in door.call("facts", parts=["held"])["held"]}
    assert waits["sales/cities"] == {
        "id": "in.cities",
        "table": "sales/cities",
        "access": "public",
        "what": "deletion",
        "found": FOUR,
        "rows": 4,
        "words": "4 rows would go (444444444444)",
        "approved": False,
    }
    for what, found in (("deletion", OTHER), ("columns", FOUR), ("readers", "0" * 64)):
        with pytest.raises(PublishError, match="something else"):
            door.call("approve", table="in.cities", what=what, found=found)
    assert door.host.ran == []
    for name in ("in.cities", "sales/cities"):
        fields = {"table": name, "what": "deletion", "found": FOUR}
        assert door.call("approve", **fields) == {"approved": "in.cities"}
        assert door.lines()[-1] == ("request.approve", "done", fields)
    assert door.call("approve", table="-x", what="deletion", found=FOUR)["approved"] == "-x"
    command = ["approve", "--if-found", FOUR, "--"]
    door.host.store.approvals.give("in.cities", Deletion("deletion", 4, FOUR))
    waits = {one["id"]: one for one in door.call("facts", parts=["held"])["held"]}
    assert [name for name, one in waits.items() if one["approved"]] == ["in.cities"]
    hold(door.host.store, OTHER)
    assert not any(one["approved"] for one in door.call("facts", parts=["held"])["held"])
    assert door.host.ran == [*[[*command, "in.cities"]] * 2, [*command, "-x"]]


@needs_root
def test_other_rows_of_the_same_number_are_refused_whoever_looked_before(door: Door) -> None:
    publish(door.host.store, {entry("cities"): 9})
    hold(door.host.store, FOUR)
    (seen,) = door.call("facts", parts=["held"])["held"]
    hold(door.host.store, OTHER)
    wish = {"table": seen["id"], "what": seen["what"], "found": seen["found"]}
    with pytest.raises(PublishError, match="something else") as caught:
        door.call("approve", **wish)
    assert "4 rows would go (555555555555)" in str(caught.value)
    assert door.host.ran == []


@needs_root
def test_what_cannot_be_known_of_a_table_hides_no_other_and_is_not_approved(door: Door) -> None:
    store = door.host.store
    publish(store, {entry("cities"): 9, entry("older"): 9, entry("x"): 9})
    current = hold(store, FOUR, "columns")
    for name, content in (("cities", "{"), ("older", "{}")):
        path = current.path / f"metadata/sales/{name}.json"
        path.chmod(0o600)
        path.write_text(content)
    waits = {one["table"]: one for one in door.call("facts", parts=["held"])["held"]}
    found = {name: (one["what"], one["found"]) for name, one in waits.items()}
    assert found == {
        "sales/cities": ("deletion", ""),
        "sales/older": ("deletion", ""),
        "sales/x": ("columns", FOUR),
    }
    assert "the metadata of a table cannot be read" in waits["sales/cities"]["words"]
    assert "did not record which: sync again first" in waits["sales/older"]["words"]
    with pytest.raises(PublishError, match="something else"):
        door.call("approve", table="in.older", what="deletion", found=FOUR)


@needs_root
def test_more_readers_of_an_older_generation_are_approved_for_it_alone(door: Door) -> None:
    store = door.host.store
    older = publish(store, {entry("cities"): 9}).id
    newer = publish(store, {entry("cities", access="hr"): 9}).id
    (waits,) = door.call("facts", parts=["more_readers"], generation=older)["more_readers"]
    assert (waits["id"], waits["what"], waits["approved"]) == ("in.cities", "readers", False)
    assert door.call("facts", parts=["more_readers"], generation=newer) == {"more_readers": []}
    given = {"table": "in.cities", "what": "readers", "found": waits["found"]}
    with pytest.raises(PublishError, match="no table of this name waits"):
        door.call("approve", **given)
    assert door.call("approve", **given, generation=older) == {"approved": "in.cities"}
    expected = ["approve", "--if-found", waits["found"], "--generation", older, "--", "in.cities"]
    assert door.host.ran == [expected]
    store.approvals.give_readers(store.widenings(store.generation(older))[0])
    (waits,) = door.call("facts", parts=["more_readers"], generation=older)["more_readers"]
    assert waits["approved"]


@needs_root
def test_only_another_generation_that_is_kept_is_published_again(door: Door) -> None:
    first = publish(door.host.store, {entry("cities"): 9}).id
    second = republish(door.host.store).id
    listed = door.call("facts", parts=["generations"])["generations"]
    assert [(one["generation"], one["current"]) for one in listed] == [
        (first, False),
        (second, True),
    ]
    assert door.call("rollback", generation=first) == {"current": first}
    for name, sentence in ((second, "published already"), (ABSENT, "no such generation")):
        with pytest.raises(PublishError, match=sentence):
            door.call("rollback", generation=name)
    assert door.host.ran == [["rollback", "--", first]]
    door.host.busy = True
    with pytest.raises(LockedError, match="busy"):
        door.call("rollback", generation=first)


@needs_root
def test_a_fact_that_cannot_be_known_hides_no_other(door: Door) -> None:
    parts = [part for part in FACT_PARTS if part != "more_readers"]
    found = door.call("facts", parts=parts)
    assert found.keys() == {*parts}
    assert found["syncs"] == {"problem": "systemd does not answer"}
    assert (found["units"], found["held"], found["generations"]) == (["units"], [], [])


@needs_root
def test_the_log_of_a_sync_is_shown_and_of_no_other_unit(door: Door) -> None:
    assert door.call("log", invocation=RUN) == {
        "lines": [
            {
                "at": "2026-11-30T00:00:00+00:00",
                "level": "info",
                "text": "table=a",
                "is_systemd": False,
            }
        ],
        "hidden": 2,
        "is_cut": False,
    }
    with pytest.raises(PublishError, match="no sync of this id"):
        door.call("log", invocation="f" * 32)
    assert [(one[0], one[1], one[2]["invocation"]) for one in door.lines()] == [
        ("request.log", "done", RUN),
        ("request.log", "refused", "f" * 32),
    ]


@needs_root
def test_the_log_is_read_by_pages_and_filters(door: Door) -> None:
    for _ in range(3):
        door.call("run")
    with suppress(PublishError):
        door.call("rollback", generation=ABSENT)
    page = door.call("audit", action="request.run", count="2")
    assert (page["matches"], len(page["events"]), page["garbled"]) == (3, 2, 0)
    assert page["events"][0]["time"] > page["events"][1]["time"]
    (last,) = door.call("audit", action="request.run", skip="2", count="2")["events"]
    assert last["time"] < page["events"][1]["time"]
    assert door.call("audit", user="jan@example.com", action="request.rollback")["matches"] == 1
    assert door.call("audit", user="eva@example.com")["matches"] == 0
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert door.call("audit", since=later)["matches"] == 0
    assert door.call("audit", until=later)["matches"] >= 6
    with door.host.log.open("a") as log:
        log.write("scrawl\n")
    assert door.call("audit")["garbled"] == 1


@needs_root
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not JSON"),
        (b'{"verb": "sync"}', "no such verb"),
        (b'{"verb": "run", "unit": "ssh.service"}', "more than this verb takes"),
        (b'{"verb": "rollback"}', "generation is missing"),
        (b'{"verb": "rollback", "generation": "../../etc"}', "not the name of a generation"),
        (b'{"verb": "rollback", "generation": "--all"}', "not the name of a generation"),
        (b'{"verb": "rollback", "generation": "2026-01-01T000000Z-0000\\n"}', "not the name"),
        (
            '{"verb": "rollback", "generation": "٢026-01-01T000000Z-0000"}'.encode(),
            "not the name of a generation",
        ),
        (b'{"verb": "rollback", "generation": "2026-01-01T000000Z-0000"}', "no such generation"),
        (b'{"verb": "approve", "table": "", "what": "deletion", "found": "1"}', "not one line"),
        (
            b'{"verb": "approve", "table": "a\\u0000b", "what": "deletion", "found": "1"}',
            "one line",
        ),
        (b'{"verb": "approve", "table": "a", "what": "all", "found": "1"}', "no such thing"),
        (
            b'{"verb": "approve", "table": "a", "what": "deletion", "found": "9"}',
            "is not the digest of what waits",
        ),
        (
            b'{"verb": "approve", "table": "a", "what": "readers", "found": "1"}',
            "is not the digest of what waits",
        ),
        (
            b'{"verb": "approve", "table": "a", "what": "deletion", "found": "%b", '
            b'"generation": "2026-01-01T000000Z-0000"}' % FOUR.encode(),
            "for readers alone",
        ),
        (b'{"verb": "facts", "parts": []}', "not a list of known facts"),
        (b'{"verb": "facts", "parts": ["secrets"]}', "not a list of known facts"),
        (b'{"verb": "facts", "parts": ["units", "units"]}', "not a list of known facts"),
        (b'{"verb": "facts", "parts": ["more_readers"]}', "asked for together"),
        (b'{"verb": "audit", "count": "201"}', "count is not a number"),
        (b'{"verb": "audit", "skip": "-1"}', "skip is not a number"),
        (b'{"verb": "audit", "since": "yesterday"}', "not an instant"),
        (b'{"verb": "audit", "until": "2026-01-01T00:00:00"}', "not an instant"),
        (b'{"verb": "audit", "log": "/etc/shadow"}', "more than this verb takes"),
        (b'{"verb": "log"}', "invocation is missing"),
        (b'{"verb": "log", "invocation": "-u"}', "not an id of systemd"),
        (b'{"verb": "log", "invocation": "0123456789ABCDEF0123456789ABCDEF"}', "not an id"),
        (b'{"verb": "log", "invocation": "0123456789abcdef0123456789abcdef\\n"}', "not an id"),
        (b'{"verb": "audit", "user": "x\\u001b[2J"}', "not one line"),
        (b'{"verb": "run"}' + b" " * MAX_REQUEST, "too long"),
    ],
)
def test_what_is_refused_does_nothing_and_leaves_a_line(
    door: Door, content: bytes, sentence: str
) -> None:
    reply = door.raw(content)
    assert reply["ok"] is False
    assert sentence in reply["error"]["message"]
    assert door.host.ran == []
    ((_, result, _),) = door.lines()
    assert result == "refused"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    ["table", "what", "found", "generation", "parts", "user", "since", "count", "invocation"]
)


@given(
    st.binary(max_size=200)
    | st.builds(
        lambda v, f: json.dumps({"verb": v, **f}).encode(),
        st.sampled_from(sorted(PUBLISHING_VERBS)),
        st.dictionaries(names, values),
    )
)
def test_any_bytes_are_an_act_that_is_well_formed_or_one_sentence(content: bytes) -> None:
    sentence = ""
    try:
        command = parse_act(content)
    except PublishError as error:
        sentence = str(error)
    else:
        assert command.verb in PUBLISHING_VERBS
        assert all(isinstance(value, str) for value in command.detail.values())
    assert len(sentence.splitlines()) <= 1


@needs_root
def test_who_is_not_named_is_refused_whatever_the_mode_of_the_socket(door: Door) -> None:
    door.path.chmod(0o777)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            PublishingClient(door.path).call("run")
        except PublishError as error:
            code = 0 if "may not ask for acts of publishing" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (door.host.ran, door.lines()[0][:2]) == ([], ("request.unknown", "refused"))


@needs_root
def test_a_caller_who_asks_too_often_or_holds_every_connection_may_try_later(door: Door) -> None:
    door.helper = replace(door.helper, limit=Limit(1, 3600))
    door.call("run")
    with pytest.raises(LockedError, match="too often"):
        door.call("run")
    door.helper = replace(door.helper, limit=Limit(1000, 0.001, connections=0))
    with pytest.raises(LockedError, match="too many connections"):
        door.call("run")
    assert door.host.ran == [["start"]]


@needs_root
def test_two_at_once_are_both_answered(door: Door) -> None:
    answers: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(door.call("facts", parts=["units"])))
        for _ in range(2)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(timeout=60)
    assert answers == [{"units": ["units"]}] * 2


def test_a_helper_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="helper for publishing does not answer") as caught:
        PublishingClient(tmp_path / "none").call("run")
    assert "systemctl status broker-publishing.socket" in str(caught.value)


def test_a_generation_that_cannot_be_read_is_listed_with_its_error(tmp_path: Path) -> None:
    store = Store(tmp_path, reserve_bytes=0)
    first = publish(store, {entry("cities"): 9})
    republish(store)
    (first.path / "manifest.json").write_text("{")
    broken, whole = published.generations_of(store)
    assert broken["error"]
    assert (whole["error"], whole["rows"], whole["current"]) == (None, 9, True)


def test_each_file_system_is_shown_once_and_places_that_are_not_there_are_not(
    tmp_path: Path,
) -> None:
    (found,) = disks([tmp_path, tmp_path.parent, tmp_path / "none"])
    assert found["path"] == str(tmp_path)
    assert 0 < found["bytes_free"] < found["bytes"]


def test_dates_of_a_certificate_are_utc_and_no_certificate_is_none(tmp_path: Path) -> None:
    facts = {"notBefore": "Nov  3 08:00:00 2026 GMT", "notAfter": "Feb  1 08:00:00 2027 GMT"}
    found = certificate_facts(tmp_path, facts)
    assert (found["since"], found["until"]) == (
        "2026-11-03T08:00:00+00:00",
        "2027-02-01T08:00:00+00:00",
    )
    assert certificates(tmp_path / "none") == []


FAILED = Ended(SERVICE, "a" * 32, NOW, NOW, "signal", "killed", "9")
FINE = Ended(SERVICE, "b" * 32, None, NOW, "success", "exited", "0", "2026-11-22T163000Z-7f3a")
UNIT = Unit(LoadState="loaded", ActiveState="active", SubState="running", UnitFileState="enabled")


def test_every_look_at_a_host_answers_what_pages_are_tested_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (machine, proof_module):
        monkeypatch.setattr(module, "unit_states", lambda names: dict.fromkeys(names, UNIT))
    store = Store(tmp_path, reserve_bytes=0)
    host = DeployedHost(store)
    for record in (RunRecord(), RunRecord().end(FINE), RunRecord().end(FINE).end(FAILED)):
        found = RunStatus(record, NOW, NOW, ("no timer is active",) if record.failures else ())
        monkeypatch.setattr(host_module, "host_syncs", lambda found=found: found)
        assert checked("syncs", host.look("syncs"))["failures"] == record.failures
    monkeypatch.setattr(host_module, "host_syncs", lambda: None)
    assert checked("syncs", host.look("syncs")) is None
    assert checked("units", host.look("units"))[0]["active"] == "active"
    assert checked("disks", host.look("disks"))
    dates = {"notBefore": "Nov  3 08:00:00 2026 GMT", "notAfter": "Feb  1 08:00:00 2027 GMT"}
    checked("certificates", [certificate_facts(tmp_path, dates)])
    checked("certificates", host.look("certificates"))
    assert {*FACT_PARTS} == {
        *("syncs", "units", "disks", "certificates", "proof", "held", "generations"),
        "more_readers",
    }  # and those of the two tests below


def test_each_state_of_a_proof_is_one_that_pages_are_tested_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof, unit = tmp_path / "proof.json", tmp_path / "unit"
    monkeypatch.setattr(proof_module, "unit_states", lambda names: dict.fromkeys(names, UNIT))
    monkeypatch.setattr(proof_module, "PROOF", proof)
    monkeypatch.setattr(proof_module, "_UNIT", unit)
    store = Store(tmp_path / "data", reserve_bytes=0)
    name = publish(store, {entry("cities"): 9}).id
    host, now = DeployedHost(store), datetime.now(UTC)
    assert checked("proof", host.look("proof")) is None
    unit.touch()
    # The kernel dates links by its own clock, whatever this process takes for now.
    os.utime(tmp_path / "data" / "current", (now.timestamp(),) * 2, follow_symlinks=False)
    states = [checked("proof", host.look("proof"))["state"]]
    odd = Violation("anna", "/data", "can be read")
    for one in (Proof(now, name, 3, 12, (), 1.5, {"anna": 4}), Proof(now, name, 3, 12, (odd,), 1)):
        write_proof(one, proof)
        states.append(checked("proof", host.look("proof"))["state"])
    proof.write_text("{")
    states.append(checked("proof", host.look("proof"))["state"])
    assert states == ["pending", "proved", "unexpected", "unreadable"]
    assert "overdue" in str(FACTS["proof"].json_schema())
    assert {str(one) for one in ProofStatus} == {"proved", "unexpected", "pending", "overdue"}


@needs_root
def test_each_answer_about_the_store_is_as_pages_are_tested_with(door: Door) -> None:
    store = door.host.store
    older = publish(store, {entry("cities"): 9})
    newer = publish(store, {entry("cities", access="hr"): 9})
    fields = {"parts": ["more_readers"], "generation": older.id}
    found = checked("more_readers", door.call("facts", **fields)["more_readers"])
    assert [one["approved"] for one in found] == [False]
    hold(store, FOUR)
    held_back = checked("held", door.call("facts", parts=["held"])["held"])
    assert [one["what"] for one in held_back] == ["deletion"]
    (older.path / "manifest.json").write_text("{")
    kept = door.call("facts", parts=["generations"])["generations"]
    assert [bool(one["error"]) for one in checked("generations", kept)] == [True, False, False]
    wish = {"table": "in.cities", "what": "deletion", "found": FOUR}
    checked("approve", door.call("approve", **wish))
    checked("rollback", door.call("rollback", generation=newer.id))
    checked("run", door.call("run"))
    with suppress(PublishError):
        door.call("rollback", generation=ABSENT)
    assert len(checked("audit", door.call("audit"))["events"]) == 7
    (syncs,) = door.call("facts", parts=["syncs"]).values()
    assert checked("syncs", syncs) == {"problem": "systemd does not answer"}
