"""Clients that stop in the middle of a transfer, and keep what it holds no longer than it may."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
sys.path.insert(0, {source!r})
from broker.transport.time_limit import TooLongError, limit_time
limit_time(1)
{act}
"""
CARRY = """
from broker.transport.carry import carry
carried = carry({command!r}, {{"PATH": "/usr/bin:/bin"}})
sys.exit("24 hours" in carried.problem and carried.code < 0 and 7)
"""
SERVE = """
from broker.transport.sftp import Served, serve
from broker.transport.tree import Tree
try:
    serve(Tree("/nonexistent"), Served())
except TooLongError:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    "act",
    [CARRY.format(command=["sleep", "600"]), CARRY.format(command=["yes"]), SERVE],
    ids=["sends nothing", "reads nothing", "sftp"],
)
def test_a_transfer_ends_when_its_time_is_over(act: str) -> None:
    program = PROGRAM.format(source=str(Path(__file__).parents[3] / "src"), act=act)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            assert process.wait(timeout=30) == 7
        finally:
            process.kill()
