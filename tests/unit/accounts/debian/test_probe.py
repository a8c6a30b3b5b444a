"""Where sshd is asked, and what the journal tells of people."""

from __future__ import annotations

import json

import pytest

from broker.accounts.debian.activity import Activity, parse_journal
from broker.accounts.debian.probe import sshd_address
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
