"""10,000 hostile inputs, half of them here: commands and argument lists against the program that
sshd forces, in a tree where nothing but that program's own policy keeps anybody out."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.transport.grammar import Refusal, Rsync, parse
from broker.transport.places import one_base, parse_path
from tests.hostile.cage import CANARY, Answer, Cage, caged
from tests.hostile.inputs import arguments, command

from .chunks import chunks

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

SENT = (b"", b"\x20\0\0\0", b"\x1f\0\0\0\0\0\0\0" * 8, b"\0\0\0\5\1\0\0\0\3")


@pytest.fixture(scope="module")
def cage() -> Iterator[Cage]:
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        Path(folder).chmod(0o755)
        with caged(Path(folder)) as made:
            yield made


@pytest.mark.parametrize("numbers", chunks(sample=25))
def test_commands_stay_inside_or_are_refused_in_one_line(cage: Cage, numbers: range) -> None:
    before, planted = cage.outside(), cage.planted()
    for number in numbers:
        text = cage.filled(command(number))
        answer = cage.run(text, SENT[number % len(SENT)])
        label = f"command {number}: {text[:300]!r}"
        check(answer, label)
        assert CANARY.encode() not in answer.output, label
        assert b"root:x:0:0" not in answer.output + answer.errors.encode(), label
        if not understood(text):
            assert is_refusal(answer), (label, answer)
            assert answer.output == b"", label
        if cage.planted() != planted:
            cage.plant()
            planted = cage.planted()
        assert cage.outside() == before, label


@pytest.mark.parametrize("numbers", chunks(sample=25))
def test_rsync_of_a_hostile_client_stays_inside(cage: Cage, numbers: range) -> None:
    before, planted = cage.outside(), cage.planted()
    for number in numbers:
        typed = [cage.filled(word) for word in arguments(number)]
        output, answers = cage.rsync(typed)
        label = f"arguments {number}: {typed}"
        assert CANARY not in output, label
        for answer in answers:
            check(answer, label)
        if cage.planted() != planted:
            cage.plant()
            planted = cage.planted()
        assert cage.outside() == before, label


def understood(text: str) -> bool:
    """Whether the grammar takes a command; what is not there is found out later."""
    try:
        wish = parse(text)
        if isinstance(wish, Rsync):
            one_base([parse_path(path, sends=wish.sends) for path in wish.paths])
    except Refusal:
        return False
    return True


def check(answer: Answer, label: str) -> None:
    """Rsync has codes and words of its own; all else that ends badly is one printable line."""
    assert CANARY not in answer.errors, label
    assert "Traceback" not in answer.errors, (label, answer.errors)
    assert 0 <= answer.code <= 35, (label, answer)  # rsync(1), EXIT VALUES
    if answer.code == 1 and not re.search(r"^rsync(?: error)?: ", answer.errors, re.MULTILINE):
        assert is_refusal(answer), (label, answer)


def is_refusal(answer: Answer) -> bool:
    lines = answer.errors.splitlines()
    return answer.code == 1 and len(lines) == 1 and lines[0].isprintable() and len(lines[0]) < 500
