"""What rsync 3 would have ended with, where openrsync ends with 1."""

from __future__ import annotations

import pytest

from broker.laptop.transfer.complaints import as_rsync_3


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
    ],
)
def test_the_exit_code_says_what_broke(code: int, errors: str, expected: int) -> None:
    assert as_rsync_3(code, errors) == expected
