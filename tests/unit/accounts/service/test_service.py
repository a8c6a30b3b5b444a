"""The root helper over real sockets: what it takes, what it refuses, and the line each leaves."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.accounts import choose, contact, issue, manage
from broker.accounts.debian.host import Host
from broker.accounts.debian.observe import observe
from broker.accounts.manage import converge
from broker.accounts.planning.wanted import USER_FOLDERS
from broker.accounts.records.certificates import Mode
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import parse_request
from broker.accounts.records.paths import HostPaths
from broker.accounts.service.client import Client
from broker.accounts.service.protocol import VERBS, parse_command
from broker.accounts.service.serve import Helper
from broker.audit.reading import read_log
from broker.errors import AccountsError, BrokerError, LockedError
from broker.helper import asking
from broker.helper.caller import Caller, check_caller
from broker.helper.grammar import MAX_REQUEST
from broker.helper.rate_limit import Limit, connected, take
from broker.hostpaths import AUDIT_LOG, HOST_KEY, SIGNERS
from tests.unit.accounts.scratch import ScratchSystem, make_root, public_key, snapshot

NAME = "nobody-of-this-host"
SIGNER = f'data-broker namespaces="data-broker" {public_key("signer")}\n'


class Door:
    """A listening socket; each connection is served as systemd would have it served."""

    def __init__(self, folder: Path) -> None:
        self.layout: HostPaths = make_root(folder / "host")
        (self.layout.root / "run").mkdir(exist_ok=True)
        for path, text in ((HOST_KEY, f"{public_key('host')}\n"), (SIGNERS, SIGNER)):
            self.layout.at(path).parent.mkdir(parents=True, exist_ok=True)
            self.layout.at(path).write_text(text)
        self.path = folder / "socket"
        self.helper = Helper(
            (NAME,), Host(self.layout, ScratchSystem(self.layout.root)), Limit(1000, 0.001)
        )
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

    def raw(self, content: bytes) -> dict[str, Any]:
        return Client(self.path)._asking.reply(content)  # what a careless or hostile caller sends

    def events(self) -> list[tuple[str, str | None, str]]:
        history = read_log(self.layout.at(AUDIT_LOG))
        assert not history.garbled
        return [(one.action, one.subject, one.result) for one in history.events]


@contextmanager
def closing_one_after_another(path: Path, answers: Iterable[bytes]) -> Iterator[None]:
    """Connections that are answered so and closed, as systemd closes those past its limit."""

    def serve() -> None:
        for answer in answers:
            connection, _ = listening.accept()
            with connection:
                if answer:
                    connection.recv(65_536)
                    connection.sendall(answer)

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(os.fspath(path))
        listening.listen(8)
        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(timeout=60)


@pytest.fixture
def door() -> Iterator[Door]:
    """In a folder that everybody may enter: no mode of a file may be what refuses here."""
    with tempfile.TemporaryDirectory(prefix="door-") as folder:
        Path(folder).chmod(0o755)
        made = Door(Path(folder))
        yield made
        made.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root, and no other uid here")
def test_a_name_that_was_taken_meanwhile_is_not_given_to_another_person(door: Door) -> None:
    client = Client(door.path, seconds=60)
    client.call("add", name="anna", keys=[public_key("anna")], classes=["private"])
    with pytest.raises(AccountsError, match="an analyst of this name already"):
        client.call("add", name="anna", keys=[public_key("another")], email="ann@example.com")
    (anna,) = client.call("list")["analysts"]
    assert (anna["email"], anna["classes"], len(anna["keys"])) == (None, ["private"], 1)


OF_AN_ACCOUNT: list[tuple[str, dict[str, Any]]] = [
    ("remove", {}),
    ("grant", {"classes": ["private"]}),
    ("revoke", {"classes": ["private"]}),
    ("key-add", {"key": public_key("two")}),
    ("key-rotate", {"key": public_key("three"), "grace": "0m"}),
    ("key-revoke", {"old": ["first"]}),
    ("certificate", {"label": "second"}),
    ("choose-datasets", {"without": ["web"]}),
    ("contact", {}),
]
LAST_MOMENT = {
    "certificate": (issue, "alone"),
    "choose-datasets": (choose, "alone"),
    "contact": (contact, "observe"),
}


def test_each_verb_that_concerns_an_account_takes_its_number() -> None:
    assert {verb for verb, one in VERBS.items() if "uid" not in one.more} == {"add"}
    assert {verb for verb, _ in OF_AN_ACCOUNT} == set(VERBS) - {"add", "list"}


@pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root, and no other uid here")
@pytest.mark.parametrize(("verb", "fields"), OF_AN_ACCOUNT)
def test_an_account_made_anew_while_a_request_waits_for_its_turn_is_left_alone(
    door: Door, monkeypatch: pytest.MonkeyPatch, verb: str, fields: dict[str, Any]
) -> None:
    host, client = Host(door.layout, ScratchSystem(door.layout.root)), Client(door.path)
    keys = [{"key": public_key(name), "name": name} for name in ("first", "second")]
    anna = parse_request("anna", keys=keys, classes=["private"])
    converge([anna], host, certificates=Mode())
    (before,) = client.call("list", name="anna")["analysts"]
    module, name = LAST_MOMENT.get(verb, (manage, "alone"))
    whole = getattr(module, name)
    found: list[Any] = []

    def remade(*words: Any) -> Any:
        monkeypatch.undo()
        converge([parse_request("anna", state="absent")], host)
        converge([replace(anna, email="another.anna@example.com", classes=())], host)
        found.extend(snapshot(door.layout.root / part) for part in ("etc", "home"))
        return whole(*words)

    monkeypatch.setattr(module, name, remade)
    with pytest.raises(AccountsError, match="made anew meanwhile") as caught:
        client.call(verb, name="anna", uid=str(before["uid"]), **fields)
    assert caught.value.expected == f"uid {before['uid']}"
    assert [snapshot(door.layout.root / part) for part in ("etc", "home")] == found
    assert client.call("list", name="anna", uid=str(before["uid"]))["analysts"] == []
    (now,) = client.call("list", name="anna")["analysts"]
    assert now["uid"] > before["uid"]
    assert client.call("list", name="anna", uid=str(now["uid"]))["analysts"] == [now]
    assert client.call(verb, name="anna", uid=str(now["uid"]), **fields)


@pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root, and no other uid here")
def test_every_verb_does_what_it_says_and_leaves_a_line(door: Door) -> None:
    client = Client(door.path, behalf="jan@example.com", seconds=60)
    assert client.call("add", name="anna", keys=[public_key("anna")])["changed"]
    assert client.call("add", name="anna", keys=[public_key("anna")])["changed"] is False
    client.call("grant", name="anna", classes=["private"])
    client.call("key-add", name="anna", key=public_key("two"), label="laptop")
    client.call("key-rotate", name="anna", key=public_key("three"), old=["laptop"], grace="1d")
    client.call("key-revoke", name="anna", old=["laptop"])
    converge((), Host(door.layout, ScratchSystem(door.layout.root)), certificates=Mode())
    key = public_key("anna").split()[1]
    fingerprint = parse_key(f"ssh-ed25519 {key}", where="anna").fingerprint
    issued = client.call("certificate", name="anna", label=fingerprint)
    assert issued["certificate"].startswith("ssh-ed25519-cert-v01@openssh.com ")
    assert issued["fingerprint"] == fingerprint
    chosen = client.call("choose-datasets", name="anna", without=["web", "crm", "web"])["datasets"]
    assert chosen["without"] == ["crm", "web"]
    (anna,) = client.call("list")["analysts"]
    assert anna["datasets"] == chosen
    assert [one["serial"] for one in anna["certificates"]] == [issued["serial"]]
    assert (anna["name"], anna["classes"], len(anna["keys"])) == ("anna", ["private"], 3)
    (measured,) = client.call("list", name="anna")["analysts"]
    assert anna["space"] is None
    assert measured["space"]["files"] == len(USER_FOLDERS)
    assert client.call("list", name="bob")["analysts"] == []
    contact = client.call("contact", name="anna", address="data.example.com")
    lines = contact["lines"]
    assert contact["windows"][-1].endswith("sync_data.cmd anna@data.example.com")
    assert lines[0] == "Your account is anna@data.example.com"
    assert any(key in line for line in lines)
    client.call("revoke", name="anna", classes=["private"])
    registry = observe(Host(door.layout, ScratchSystem(door.layout.root))).registry
    assert registry.by_name()["anna"].classes == ()
    client.call("remove", name="anna", home="delete")
    assert client.call("list")["analysts"] == []
    requests = [one for one in door.events() if one[0].startswith("request.")]
    assert {action.partition(".")[2] for action, _, _ in requests} == set(VERBS)
    assert {result for _, _, result in door.events()} == {"done"}
    events = [
        one
        for one in read_log(door.layout.at(AUDIT_LOG)).events
        if one.subject or "request" in one.action
    ]
    assert {one.actor.via for one in events} == {"socket"}
    assert {(one.actor.claims or {}).get("behalf") for one in events} == {"jan@example.com"}


@pytest.mark.skipif(os.geteuid() != 0, reason="the helper serves root, and no other uid here")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not JSON"),
        (b"[1]", "not a JSON object"),
        (b"[" * 60_000, "is not JSON"),
        (b'{"verb": "shell", "name": "anna"}', "no such verb"),
        (b'{"verb": ["add"]}', "no such verb"),
        (b'{"verb": "remove"}', "name is missing"),
        (b'{"verb": "remove", "name": 7}', "name is not a text"),
        (b'{"verb": "remove", "name": "root"}', "reserved for the system"),
        (b'{"verb": "remove", "name": "../../etc"}', "not a valid user name"),
        (b'{"verb": "remove", "name": "anna\\nbob"}', "not a valid user name"),
        (b'{"verb": "remove", "name": "anna", "home": "/"}', "neither archive nor delete"),
        (b'{"verb": "remove", "name": "anna", "gid": 0}', "more than this verb takes"),
        (b'{"verb": "remove", "name": "anna", "uid": 0}', "uid is not a text"),
        (b'{"verb": "remove", "name": "anna", "name": "bob"}', "says something twice"),
        (b'{"verb": "remove", "name": "anna", "uid": "-1"}', "not a number of an account"),
        (b'{"verb": "list", "uid": "2001"}', "uid is given without a name"),
        (b'{"verb": "certificate", "name": "anna", "hours": "9"}', "more than this verb takes"),
        (b'{"verb": "certificate", "name": "-s/anna"}', "not a valid user name"),
        (b'{"verb": "certificate", "name": "anna"}', "issues no certificates"),
        (b'{"verb": "contact", "name": "anna"}', "no such analyst"),
        (
            b'{"verb": "contact", "name": "anna", "address": "-oProxyCommand=x"}',
            "address of a host",
        ),
        (b'{"verb": "list", "name": "../anna"}', "not a valid user name"),
        (b'{"verb": "grant", "name": "anna", "classes": "private"}', "not a list of texts"),
        (b'{"verb": "grant", "name": "anna", "classes": ["no-such"]}', ""),
        (b'{"verb": "list", "behalf": "x\\u001b[2J"}', "behalf is not one line"),
        (b'{"verb": "list"}' + b" " * MAX_REQUEST, "too long"),
        (b'{"verb": "list", "behalf": "\\ud800"}', "behalf is not one line"),
    ],
)
def test_what_is_refused_changes_nothing_and_leaves_a_line(
    door: Door, content: bytes, sentence: str
) -> None:
    before = snapshot(door.layout.root / "etc")
    reply = door.raw(content)
    assert reply["ok"] is False
    assert sentence in reply["error"]["message"]
    assert snapshot(door.layout.root / "etc") == before
    (event,) = door.events()
    assert event[2] == "refused"


@given(
    st.binary(max_size=200) | st.dictionaries(st.text(), st.text()).map(json.dumps).map(str.encode)
)
def test_no_bytes_make_the_parser_do_anything_but_refuse(content: bytes) -> None:
    with pytest.raises(AccountsError) as caught:
        parse_command(content)
    assert len(str(caught.value).splitlines()) == 1


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.sampled_from(sorted(VERBS)),
    st.dictionaries(
        st.sampled_from(["name", "keys", "key", "classes", "old", "home", "grace"]), values
    ),
)
def test_well_formed_commands_are_for_valid_names_alone(
    verb: str, arguments: dict[str, Any]
) -> None:
    with suppress(BrokerError):
        command = parse_command(json.dumps({"verb": verb, **arguments}).encode())
        assert command.request.name is None or command.request.name.isascii()


def test_only_root_and_those_who_are_named_may_ask() -> None:
    check_caller(Caller(1, 0, 0), (), "ask", AccountsError)
    own = Caller(1, 65534, 65534)
    check_caller(own, (own.name,), "ask", AccountsError)
    for allowed in ((), ("root",), (NAME,)):
        with pytest.raises(AccountsError, match="may not ask"):
            check_caller(own, allowed, "ask", AccountsError)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_caller_of_another_uid_is_refused_whatever_the_mode_of_the_socket(door: Door) -> None:
    door.path.chmod(0o777)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            Client(door.path).call("list")
        except AccountsError as error:
            code = 0 if "may not ask" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert door.events() == [("request.unknown", None, "refused")]


def test_a_bucket_empties_fills_and_survives_damage(tmp_path: Path) -> None:
    folder, limit = tmp_path / "tokens", Limit(3, 10.0)
    for _ in range(3):
        take(folder, 7, limit, now=100.0)
    with pytest.raises(LockedError, match="too often"):
        take(folder, 7, limit, now=105.0)
    take(folder, 8, limit, now=105.0)
    take(folder, 7, limit, now=110.0)
    with pytest.raises(LockedError):
        take(folder, 7, limit, now=0.0)
    (folder / "7").write_text("{}")
    with pytest.raises(LockedError):
        take(folder, 7, limit, now=1e9)
    take(folder, 7, limit, now=1e9 + 10)
    assert (folder / "7").stat().st_mode & 0o777 == 0o600


def test_the_connections_of_one_caller_leave_room_for_others(tmp_path: Path) -> None:
    folder, limit = tmp_path / "tokens", Limit(connections=2)
    with connected(folder, 7, limit), connected(folder, 7, limit):
        with pytest.raises(LockedError, match="too many connections"), connected(folder, 7, limit):
            pass
        with connected(folder, 8, limit):
            pass
    with connected(folder, 7, limit), connected(folder, 7, limit):
        pass


def test_a_caller_without_a_free_connection_is_refused(door: Door) -> None:
    if os.geteuid() != 0:
        pytest.skip("the helper serves root, and no other uid here")
    folder = door.layout.at(door.helper.tokens)
    door.helper = replace(door.helper, limit=Limit(1000, 0.001, connections=1))
    with (
        connected(folder, 0, door.helper.limit),
        pytest.raises(LockedError, match="too many connections"),
    ):
        Client(door.path).call("list")
    assert Client(door.path).call("list")["analysts"] == []


def test_who_asks_too_often_may_try_later(door: Door) -> None:
    door.helper = replace(door.helper, limit=Limit(1, 3600))
    if os.geteuid() != 0:
        pytest.skip("the helper serves root, and no other uid here")
    Client(door.path).call("list")
    with pytest.raises(LockedError, match="too often"):
        Client(door.path).call("list")


def test_a_connection_that_is_closed_without_an_answer_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PAUSE", 0.01)
    answers = [b"", b"", b'{"ok": true, "analysts": []}']
    with closing_one_after_another(tmp_path / "socket", answers):
        assert Client(tmp_path / "socket").call("list") == {"analysts": []}


def test_connections_that_are_always_closed_may_be_tried_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "_PATIENCE", 0.0)
    with (
        closing_one_after_another(tmp_path / "socket", [b""]),
        pytest.raises(LockedError, match="without an answer") as caught,
    ):
        Client(tmp_path / "socket").call("list")
    assert "journalctl" in str(caught.value)


def test_a_helper_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BrokerError, match="does not answer") as caught:
        Client(tmp_path / "none").call("list")
    assert "systemctl status broker-accounts.socket" in str(caught.value)
