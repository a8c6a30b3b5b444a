"""What rsync 3 would have ended with, where openrsync ends with 1."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.laptop.transfer.complaints import as_rsync_3, complaint


@pytest.mark.parametrize(
    ("code", "errors", "expected"),
    [
        (1, "rsync(7): error: unexpected end of file", 12),
        (1, "rsync(7): error: poll: hangup\nrsync(7): error: io_write_buf", 12),
        (1, "rsync(7): error: write: Broken pipe", 12),
        (14, "rsync(7): error: unexpected end of file", 12),
        (1, "ssh: Could not resolve hostname b\nrsync(7): error: unexpected end of file", 255),
        (1, "rsync(7): error: .x.parquet.A1: write: No space left on device", 11),
        (1, "rsync(7): error: .x.parquet.A1: openat: Permission denied", 1),
        (1, "usage: rsync [-0468BCDEFHIKLOPRSTWVabcdghklnopqrtuvxyz]", 1),
        (1, "rsync: --what: unknown option\nrsync error: syntax or usage error (code 1)", 1),
        (23, "rsync: [sender] change_dir failed: Permission denied (13)", 23),
        (23, "rsync(7): error: unexpected end of file", 23),
        (255, "ssh: connect to host b port 22: Connection refused", 255),
        (2, "protocol version mismatch -- is your shell clean?\n(see the rsync manpage)", 254),
        (2, "rsync: some other incompatibility", 2),
    ],
)
def test_the_exit_code_says_what_broke(code: int, errors: str, expected: int) -> None:
    assert as_rsync_3(code, errors) == expected


def test_too_many_logins_are_one_sentence_that_says_what_to_do() -> None:
    errors = (
        "protocol version mismatch -- is your shell clean?\n"
        "(see the rsync manpage for an explanation)\n"
        "rsync error: protocol incompatibility (code 2) at compat.c(625) [Receiver=3.5.0]\n"
    )
    assert complaint(as_rsync_3(2, errors), errors, "anna@b", ["ssh"], root=Path()) == (
        "anna@b takes your key and opens no session, as where too many logins of yours are open "
        "there: try again in a minute"
    )
