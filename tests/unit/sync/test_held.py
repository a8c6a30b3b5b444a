from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import PublishError
from broker.publish import Generation, Status, TableEntry
from broker.sync.held import lost_keys

HELD = TableEntry("a", "a", "s/a", status=Status.HELD, as_of=datetime(2026, 11, 22, tzinfo=UTC))


def generation(folder: Path, content: bytes) -> Generation:
    path = folder / "metadata" / "s" / "a.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return Generation(folder)


def test_keys_are_read_back_with_fractions(tmp_path: Path) -> None:
    one = generation(tmp_path, b'{"lost_keys": [{"id": 1.5}]}')
    assert lost_keys(one, HELD) == [{"id": 1.5}]


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[" * 100_000, b'{"lost_keys": {}}', b'{"lost_keys": [1]}', b"\xff"]
)
def test_what_no_sync_has_written_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PublishError, match="cannot be read"):
        lost_keys(generation(tmp_path, content), HELD)
