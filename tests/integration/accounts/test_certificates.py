"""Certificates: which count, what ends them, and that OpenSSH's own tool says the same."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.accounts.debian.apply import apply
from broker.accounts.debian.host import Host
from broker.accounts.debian.keygen import make_private, make_revocations, public_of
from broker.accounts.debian.keygen import read_revocations as read
from broker.accounts.debian.observe import observe
from broker.accounts.issue import issue_certificate
from broker.accounts.manage import converge, list_analysts
from broker.accounts.planning.certificate_rules import LAST_SERIAL, draft, is_valid, revoked_serials
from broker.accounts.planning.planner import plan
from broker.accounts.principals import principal
from broker.accounts.records.certificates import Certificate, Certificates, Mode, parse_certificates
from broker.accounts.records.keyrequest import key_request
from broker.accounts.records.keys import parse_key
from broker.accounts.records.model import Person, parse_request
from broker.accounts.records.paths import HostPaths
from broker.audit.reading import read_log
from broker.cli import accounts as commands
from broker.errors import AccountsError, BrokerError
from broker.hostpaths import AUDIT_LOG
from tests.unit.accounts.scratch import ScratchSystem, public_key, snapshot

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = replace(parse_key(public_key("laptop"), where="anna"), name="laptop")
DESK = replace(parse_key(public_key("desk"), where="anna"), name="desk")
ANNA = Person("anna", 1501, keys=(KEY,))
EVENING = "2026-11-23T20:00:00Z"


def soon() -> datetime:
    """Where the real clock counts: a time that is to come."""
    return datetime.now(UTC) + timedelta(days=2)


def drafted(analyst: Person, label: str | None = None, **known: Any) -> Certificate:
    return draft(analyst, label, Certificates(**known), NOW)[0]


def test_a_certificate_ends_with_its_hours_or_with_its_key() -> None:
    assert (drafted(ANNA).since, drafted(ANNA).until) == ("2026-11-23T07:55:00Z", EVENING)
    assert drafted(ANNA, hours=1).until == "2026-11-23T09:00:00Z"
    for word in ("expires", "grace"):
        ending = replace(KEY, **{word: "2026-11-23T10:00:00Z"})
        assert drafted(replace(ANNA, keys=(ending,))).until == "2026-11-23T10:00:00Z"


def test_serials_follow_the_clock_and_never_come_twice() -> None:
    first = drafted(ANNA).serial
    assert first == int(NOW.timestamp() * 1000)
    assert drafted(ANNA, last_serial=first).serial == first + 1
    assert drafted(ANNA, last_serial=5).serial == first


@pytest.mark.parametrize(
    ("keys", "label", "message"),
    [
        ((), None, "this analyst has no valid key"),
        ((replace(KEY, revoked=True),), None, "this analyst has no valid key"),
        (
            (replace(KEY, expires="2026-11-23T08:00:00Z"),),
            "laptop",
            "this analyst has no valid key",
        ),
        ((KEY, DESK), None, "there are several keys"),
        ((KEY, replace(DESK, revoked=True)), "desk", "there is no such key"),
    ],
)
def test_no_key_no_certificate(keys: tuple[Any, ...], label: str | None, message: str) -> None:
    with pytest.raises(AccountsError, match=message):
        drafted(replace(ANNA, keys=keys), label)


@pytest.mark.parametrize(
    ("changed", "counts"),
    [
        ({}, True),
        ({"keys": (DESK, KEY)}, True),
        ({"classes": ("private",)}, True),
        ({"keys": (replace(KEY, name="other", expires=EVENING),)}, True),
        ({"keys": (replace(KEY, expires="2026-11-23T19:59:59Z"),)}, False),
        ({"keys": (replace(KEY, grace="2026-11-23T19:59:59Z"),)}, False),
        ({"keys": (replace(KEY, revoked=True),)}, False),
        ({"keys": (DESK,)}, False),
        ({"shell": True}, False),
        ({"uid": 1502}, False),
        ({"state": "absent"}, False),
    ],
)
def test_a_certificate_counts_while_the_list_bears_it_out(
    changed: dict[str, Any], counts: bool
) -> None:
    assert is_valid(drafted(ANNA), replace(ANNA, **changed)) is counts
    assert not is_valid(drafted(ANNA), None)


@settings(deadline=None, max_examples=12)
@given(st.sets(st.integers(1, 50) | st.integers(1, LAST_SERIAL), max_size=30))
def test_the_revocation_list_is_every_serial_but_those(serials: set[int]) -> None:
    known = [replace(drafted(ANNA), serial=serial) for serial in serials]
    ranges = revoked_serials(known)
    assert sum(last - first + 1 for first, last in ranges) == LAST_SERIAL - len(serials)
    assert not [one for one in serials for first, last in ranges if first <= one <= last]
    with tempfile.TemporaryDirectory() as folder:
        private, public, krl = (Path(folder, name) for name in ("ca", "ca.pub", "krl"))
        make_private(private)
        key = public_of(private)
        assert key is not None
        public.write_text(key.line)
        krl.write_bytes(make_revocations(public, ranges))
        assert read(krl, key.fingerprint) == ranges
        assert read(krl, KEY.fingerprint) is None


class Laptop:
    """A host that issues certificates, and two keys of anna's that a certificate is tried for."""

    def __init__(self, folder: Path, layout: HostPaths, system: ScratchSystem) -> None:
        self.folder, self.layout, self.system = folder, layout, system
        request = parse_request(
            "anna",
            keys=[{"key": KEY.line, "name": "laptop"}, {"key": DESK.line, "name": "desk"}],
        )
        converge([request], Host(layout, system), certificates=Mode())

    def issue(self, label: str = "laptop", **more: Any) -> Path:
        issued = issue_certificate("anna", Host(self.layout, self.system), label=label, **more)
        path = self.folder / f"{issued.serial}-cert.pub"
        path.write_text(f"{issued.line}\n")
        return path

    def counts(self, path: Path) -> bool:
        """What OpenSSH reads in the revocation list, which sshd does in the same way; the program
        that sshd asks besides has to give the same answer."""
        krl = self.layout.at(self.layout.revocations)
        line = ["ssh-keygen", "-Q", "-f", str(krl), str(path)]
        done = subprocess.run(line, check=False, capture_output=True, text=True)
        assert done.stdout.strip().endswith(("ok", "REVOKED")), done.stdout + done.stderr
        match = re.search(
            r"Public key: \S+ (\S+) Signing CA: \S+ (\S+) .* Serial: (\d+)", ssh_message(path)
        )
        assert match is not None
        found = principal("anna", match[3], match[1], match[2], self.layout, datetime.now(UTC))
        assert (found == "anna") == (done.returncode == 0)
        return done.returncode == 0

    def change(self, **more: Any) -> None:
        converge([parse_request("anna", **more)], Host(self.layout, self.system))

    def key(self, state: Any, **more: Any) -> None:
        converge([key_request("anna", state, **more)], Host(self.layout, self.system))


@pytest.fixture
def laptop(tmp_path: Path, layout: HostPaths, system: ScratchSystem) -> Laptop:
    return Laptop(tmp_path, layout, system)


def ssh_message(path: Path) -> str:
    line = ["ssh-keygen", "-L", "-f", str(path)]
    environment = {**os.environ, "TZ": "UTC"}
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=environment)
    return " ".join(done.stdout.split())


def test_what_a_certificate_allows(laptop: Laptop) -> None:
    first = laptop.issue(now=NOW)
    shown = ssh_message(first)
    assert 'Key ID: "anna/laptop"' in shown
    assert "Valid: from 2026-11-23T07:55:00 to 2026-11-23T20:00:00" in shown
    command = "/opt/data-broker/current/venv/bin/broker-transport"
    options = f"Critical Options: force-command {command} Extensions: (none)"
    assert shown.endswith(f"Principals: anna {options}")
    laptop.change(shell=True)  # noqa: S604 - an analyst's login, no process
    second = ssh_message(laptop.issue())
    assert second.endswith("Principals: anna Critical Options: (none) Extensions: permit-pty")


ENDS: dict[str, Callable[[Laptop], None]] = {
    "revoked": lambda laptop: laptop.key("absent", old=["laptop"]),
    "rotated": lambda laptop: laptop.key("rotated", key=public_key(3), old=["laptop"], grace="1h"),
    "ends sooner": lambda laptop: laptop.key("present", key=KEY.line, expires=f"{soon():%F}"),
    "replaced": lambda laptop: laptop.change(keys=[DESK.line]),
    "shell": lambda laptop: laptop.change(shell=True),  # noqa: S604 - as above
    "removed": lambda laptop: laptop.change(state="absent"),
}


@pytest.mark.parametrize("act", ENDS)
def test_what_ends_a_certificate_ends_it_at_once_and_for_good(laptop: Laptop, act: str) -> None:
    evening = soon().replace(hour=20)  # ends after that key would
    lost, other = laptop.issue(now=evening), laptop.issue("desk", now=evening)
    assert laptop.counts(lost)
    ENDS[act](laptop)
    assert not laptop.counts(lost)
    assert laptop.counts(other) == (act not in ("shell", "removed"))
    if act == "removed":
        laptop.change(keys=[KEY.line])
        assert not laptop.counts(lost), "whoever has that name now is somebody else"
    events = read_log(laptop.layout.at(AUDIT_LOG)).events
    serial = lost.name.partition("-")[0]
    assert any(serial in json.dumps(dict(one.detail).get("ended", [])) for one in events)


def test_an_issue_is_remembered_audited_and_dropped_when_it_has_ended(laptop: Laptop) -> None:
    path = laptop.issue()
    (row,) = list_analysts(Host(laptop.layout, laptop.system))
    (shown,) = row["certificates"]
    assert (shown["serial"], shown["fingerprint"]) == (
        int(path.name.partition("-")[0]),
        KEY.fingerprint,
    )
    event = read_log(laptop.layout.at(AUDIT_LOG)).events[-1]
    assert (event.action, event.subject, event.result) == ("analyst.certificate", "anna", "done")
    assert event.detail == shown
    laptop.issue(now=datetime.now(UTC) + timedelta(hours=13))
    assert not laptop.counts(path)
    text = laptop.layout.at(laptop.layout.certificates).read_text()
    assert len(parse_certificates(text, where="x").issued) == 1


DRIFTS: dict[str, Callable[[Path], object]] = {
    "the list is gone": lambda config: (config / "revoked_certificates").unlink(),
    "the list is garbage": lambda config: (config / "revoked_certificates").write_text("x"),
    "the list is open": lambda config: (config / "revoked_certificates").chmod(0o644),
    "no certificate is accepted": lambda config: (config / "standing_certificates").unlink(),
    "another is accepted": lambda config: (config / "standing_certificates").write_text("x y"),
    "others may accept": lambda config: (config / "standing_certificates").chmod(0o666),
    "sshd is told of another": lambda config: (config / "certificate_authority.pub").write_text(
        public_key("eve")
    ),
    "sshd is told of none": lambda config: (config / "certificate_authority.pub").unlink(),
    "the key was readable": lambda config: (config / "certificate_authority").chmod(0o640),
    "the key is gone": lambda config: (config / "certificate_authority").unlink(),
    "the records are gone": lambda config: (config / "certificates.json").unlink(),
    "a link": lambda config: (
        (config / "certificates.json").rename(config / "moved"),
        (config / "certificates.json").symlink_to("moved"),
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_drift_is_shown_and_mended(laptop: Laptop, drift: str) -> None:
    layout, system = laptop.layout, laptop.system
    config, path = layout.at(layout.config), laptop.issue()
    DRIFTS[drift](config)
    before = snapshot(layout.root)
    checked = converge((), Host(layout, system), check=True)
    assert checked.changed
    assert checked.before.keys() == {"certificate authority"} or "records" in drift
    assert snapshot(layout.root) == before
    assert converge((), Host(layout, system)).actions == checked.actions
    assert not converge((), Host(layout, system)).changed
    assert laptop.counts(laptop.issue("desk"))
    if "records" in drift:
        assert not laptop.counts(path)


def test_records_that_cannot_be_read_are_not_none(laptop: Laptop) -> None:
    laptop.layout.at(laptop.layout.certificates).write_text("{")
    with pytest.raises(BrokerError, match=r"certificates cannot be read.*Move the file away"):
        laptop.issue()


@pytest.mark.parametrize("done", range(5))
def test_a_switch_that_is_cut_off_is_finished_by_whoever_comes_next(
    layout: HostPaths, system: ScratchSystem, done: int
) -> None:
    converge([parse_request("anna", keys=[KEY.line])], Host(layout, system))
    (layout.at(layout.config) / ".certificate_authority.new").write_text("left")
    actions = plan((), observe(Host(layout, system)), layout, certificates=Mode(9)).actions
    apply(actions[:done], Host(layout, system))
    converge((), Host(layout, system), certificates=Mode(9) if done == 0 else None)
    assert issue_certificate("anna", Host(layout, system)).serial
    assert not [path for path in layout.at(layout.config).iterdir() if path.name[0] == "."]


def test_a_revocation_that_is_cut_off_is_finished_by_whoever_comes_next(laptop: Laptop) -> None:
    layout, system = laptop.layout, laptop.system
    request = key_request("anna", "absent", old=["laptop"])
    lost, kept = laptop.issue(), laptop.issue("desk")
    actions = plan([request], observe(Host(layout, system)), layout).actions
    start = {path: path.read_bytes() for path in layout.at(layout.config).glob("*.json")}
    for done in range(1, len(actions) + 1):
        for path, content in start.items():
            path.write_bytes(content)
        converge((), Host(layout, system))
        apply(actions[:done], Host(layout, system))
        converge((), Host(layout, system))
        assert (laptop.counts(lost), laptop.counts(kept)) == (False, True), actions[done - 1]


def test_keys_open_sessions_again_without_a_trace(laptop: Laptop) -> None:
    laptop.issue()
    off = Mode(None)
    assert converge((), Host(laptop.layout, laptop.system), certificates=off).changed
    left = {path.name for path in laptop.layout.at(laptop.layout.config).iterdir()}
    assert left == {"analysts.json", "authorized_keys"}
    assert not converge((), Host(laptop.layout, laptop.system), certificates=off).changed
    with pytest.raises(AccountsError, match="set broker_ssh_certificates: true"):
        laptop.issue()


def test_the_command_prints_it_or_writes_it(laptop: Laptop) -> None:
    def type_in(*words: str) -> Any:
        host = Host(laptop.layout, laptop.system)
        return CliRunner().invoke(commands.analyst, words, obj=host)

    printed = type_in("certificate", "anna", "--key", "laptop")
    assert printed.stdout.startswith("ssh-ed25519-cert-v01@openssh.com AAAA")
    assert re.match(r"anna: certificate \d{13} for SHA256:", printed.stderr)
    path = laptop.folder / "id-cert.pub"
    written = type_in("certificate", "anna", "--key", "desk", "--output", str(path))
    assert (written.stdout, laptop.counts(path)) == ("", True)
    assert type_in("list").stdout.count("(certificate until ") == 2
    assert "there is no such analyst" in str(type_in("certificate", "bob").exception)
