"""What rsync reads before the client's own bytes."""

from __future__ import annotations

import pytest

from broker.transport.secluded import COMMAND, secluded


def test_no_list_of_processes_shows_an_argument() -> None:
    assert COMMAND == ("/usr/bin/rsync", "--server", "-s")
    read = secluded(["--sender", "-re.L", "--confine-root=/data"], ["./finance/pay", "./x/"])
    words = b"rsync --server --sender -re.L --confine-root=/data . ./finance/pay ./x/ "
    assert read == words.replace(b" ", b"\0") + b"\0"


@pytest.mark.parametrize(
    ("path", "read"),
    [
        ("./a*b/", r"./a\*b/"),
        (r"./a\*b", r"./a\\\*b"),
        ("./q?[c]", r"./q\?\[c\]"),
        (r"./b\c", r"./b\c"),
    ],
)
def test_a_path_is_not_a_pattern(path: str, read: str) -> None:
    assert secluded([], [path]) == b"rsync\0--server\0.\0" + read.encode() + b"\0\0"
