"""``broker access prove``: what is recorded is of the generation that readers see at its end."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from broker.access import Proof
from broker.cli import access as module
from broker.publish import Store
from tests.unit.publish.making import entry, publish


def test_what_is_published_while_a_proof_runs_is_proved_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path / "data", reserve_bytes=0)
    publish(store, {entry("orders"): 1})
    recorded: list[str | None] = []

    def prove(*_: Any, **__: Any) -> Proof:
        seen = store.generation().id
        if not recorded:  # a sync ends while the first proof looks at the generation before
            publish(store, {entry("orders"): 2})
        return Proof(datetime.now(UTC), seen, 0, 1, (), 0.0)

    monkeypatch.setattr(module, "prove", prove)
    monkeypatch.setattr(module, "write_proof", lambda proof, **_: recorded.append(proof.generation))
    begun: list[int] = []
    monkeypatch.setattr(module, "begin_proof", lambda **_: begun.append(len(recorded)))
    monkeypatch.setattr(module, "note", lambda _event: None)
    monkeypatch.setattr(module, "_refuse_others", lambda: None)
    monkeypatch.setattr(module, "_everybody", lambda: None)
    monkeypatch.setattr(module, "_classes", lambda _instance: {})
    monkeypatch.setattr(module, "_opened", lambda *_: (None, store))
    done = CliRunner().invoke(
        module.access, ["prove", "--record"], standalone_mode=False, catch_exceptions=False
    )
    assert done.return_value == 0
    assert begun == [0, 1]
    assert len(recorded) == 2
    assert recorded[-1] == store.generation().id
