"""Where sshd is asked, and what the journal tells of people."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from broker.accounts.debian.activity import Activity, parse_journal
from broker.accounts.debian.probe import sshd_address
from broker.accounts.records.laptops import MOST_LAPTOPS, LaptopContact
from broker.accounts.records.times import parse_time, time_after
from broker.errors import AccountsError


@pytest.mark.parametrize(
    ("settings", "address"),
    [
        ("port 22\nlistenaddress 0.0.0.0:22\nlistenaddress [::]:22\n", ("127.0.0.1", "22")),
        ("listenaddress [::]:2222\n", ("::1", "2222")),
        ("listenaddress 192.0.2.7:22\n", ("192.0.2.7", "22")),
        ("", ("127.0.0.1", "22")),
    ],
)
def test_sshd_is_asked_where_it_listens(settings: str, address: tuple[str, str]) -> None:
    assert sshd_address(settings) == address


SSHD = {"_UID": "0", "_EXE": "/usr/sbin/sshd"}
SESSION = {"_UID": "0", "_EXE": "/usr/lib/openssh/sshd-session"}
NAMES = {1000: "anna", 1001: "bob"}
LOGIN = "Accepted publickey for anna from 192.0.2.7 port 1 ssh2"
PULL = "anna pulls /data/x ./parquet/"


def entry(seconds: int, identifier: str, message: object, **fields: object) -> str:
    moment = str(seconds * 1_000_000)
    shown = {"__REALTIME_TIMESTAMP": moment, "SYSLOG_IDENTIFIER": identifier, "MESSAGE": message}
    return json.dumps(shown | fields)


def test_the_newest_of_each_kind_counts() -> None:
    lines = [
        entry(3_600, "sshd-session", LOGIN, **SESSION),
        entry(60, "sshd", LOGIN, **SSHD),
        entry(60, "sshd", [0, 255], **SSHD),
        entry(86_400, "broker-transport", PULL, _UID="1000"),
        entry(60, "broker-transport", PULL, _UID="1000"),
    ]
    assert parse_journal(lines, NAMES) == {
        "anna": Activity(last_login="1970-01-01T01:00:00Z", last_sync="1970-01-02T00:00:00Z")
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"_UID": "1001", "_EXE": "/usr/bin/logger"},
        {"_UID": "1001", "_EXE": "/usr/sbin/sshd"},
        {"_UID": "0", "_EXE": "/usr/bin/logger"},
        {"_UID": "0"},
        {"UID": "0", "EXE": "/usr/sbin/sshd"},
    ],
)
def test_only_a_line_of_roots_own_sshd_is_a_login(fields: dict[str, str]) -> None:
    assert parse_journal([entry(60, "sshd", LOGIN, **fields)], NAMES) == {}


def test_a_pull_is_that_of_the_account_which_the_kernel_names() -> None:
    invented = [
        entry(60, "broker-transport", PULL, _UID="1001"),
        entry(60, "broker-transport", PULL, _UID="1002"),
        entry(60, "broker-transport", PULL),
    ]
    assert parse_journal(invented, NAMES) == {"bob": Activity(last_sync="1970-01-01T00:01:00Z")}


KEY = "SHA256:" + "a" * 42 + "+"
CERTIFIED = f"ssh2: ED25519-CERT {KEY} ID anna (serial 4) CA ED25519 SHA256:{'b' * 43}"
LAPTOP = "00112233445566aa"


@pytest.mark.parametrize("words", [f"ssh2: ED25519 {KEY}", CERTIFIED])
def test_the_last_use_of_a_key_is_the_newest_login_with_it(words: str) -> None:
    line = f"Accepted publickey for anna from 192.0.2.7 port 1 {words}"
    lines = [entry(120, "sshd", line, **SSHD), entry(60, "sshd", line, **SSHD)]
    assert parse_journal(lines, NAMES)["anna"].key_uses == {KEY: "1970-01-01T00:02:00Z"}
    forged = entry(180, "sshd", line, _UID="1001", _EXE="/usr/bin/logger")
    assert parse_journal([forged], NAMES) == {}


def end(seconds: int, note: str, code: str = "0", uid: str = "1000") -> str:
    return entry(
        seconds, "broker-pull", "pulled", _UID=uid, BROKER_LAPTOP=note, BROKER_EXIT_CODE=code
    )


def test_each_laptop_is_as_it_was_at_the_end_of_its_newest_transfer() -> None:
    new, old = "a" * 16, "b" * 16
    generation = "2026-11-22T163000Z-7f3a"
    lines = [
        end(500, f"{LAPTOP} {new} {generation} annas-mac", "20"),
        end(400, f"{LAPTOP} {new} none annas-mac"),
        end(350, "no word of a laptop"),
        end(300, f"{LAPTOP} {old} none annas-mac"),
        end(200, f"{LAPTOP} {new} none annas-mac"),
        end(100, f"{LAPTOP} own none another account's", uid="1001"),
        end(90, f"{LAPTOP} own none nobody's", uid="1002"),
        end(80, f"{LAPTOP} own none a code that rsync has not", code="x"),
    ]
    found = parse_journal(lines, NAMES)
    assert found["anna"].laptops == (
        LaptopContact(LAPTOP, "annas-mac", new, moment(400), generation, moment(500), 20),
        LaptopContact("", "", "none", moment(350), None, moment(350), 0),
    )
    assert [one.name for one in found["bob"].laptops] == ["another account's"]
    many = [end(100 - n, f"{n:016x} own none x") for n in range(90)]
    assert len(parse_journal(many, NAMES)["anna"].laptops) == MOST_LAPTOPS


def moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-12-31", "2026-12-31T23:59:59Z"),
        ("20261231", "2026-12-31T23:59:59Z"),
        ("2026-W53-4", "2026-12-31T23:59:59Z"),
        ("2026-12-31T18:00", "2026-12-31T18:00:00Z"),
        ("2026-12-31T18:00:05Z", "2026-12-31T18:00:05Z"),
    ],
)
def test_times_are_of_one_form(text: str, time: str) -> None:
    assert parse_time(text, where="key") == time


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "31.12.2026", "2026-12-31T18:00+02:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(AccountsError, match="this is not a time"):
        parse_time(text, where="key")
    with pytest.raises(AccountsError, match="this is not a span of time"):
        time_after(text, where="key")
