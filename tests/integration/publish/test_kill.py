"""A publisher killed at random moments, and a reader who never notices."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from broker.publish import Store
from tests.unit.publish.making import publish

from .publisher import TABLES
from .reading import read

KILLS = 1000 if os.environ.get("BROKER_TORTURE") else 12


@contextmanager
def _publisher(root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that publishes until it is killed, at its first generation."""
    command = [sys.executable, "-m", "tests.integration.publish.publisher", str(root)]
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [*command, '{"rounds": 0}'],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() != b"", "the publisher did not publish"
            yield process
        finally:
            process.kill()


def _check(root: Path, last: str) -> str:
    found = read(root)
    assert found is not None
    generation, words = found
    assert generation >= last, "time went backwards"
    assert len(words) == 3
    assert len(set(words.values())) == 1, "tables of different generations"
    return generation


def test_kills_at_random_points_with_a_reader(tmp_path: Path) -> None:
    root = tmp_path / "data"
    chance = random.Random(20261122)  # noqa: S311  repeatable, not secret
    last = ""
    for _ in range(KILLS):
        with _publisher(root) as process:
            for _ in range(chance.randrange(1, 40)):
                last = _check(root, last)
            process.kill()
            process.wait()
            last = _check(root, last)
    store = Store(root, reserve_bytes=0)
    made = publish(store, TABLES, "after")
    assert _check(root, last) == made.id
    assert list((root / "staging").iterdir()) == []
    for generation in store.generations():
        assert store.verify(generation.id) == []
