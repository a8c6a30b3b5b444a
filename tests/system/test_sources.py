"""Several named sources on a host, and what ``broker check`` says of them there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .deploy import Broker

pytestmark = pytest.mark.system

DESCRIPTION = """```yaml
tables:
  - {id: here, folder: both}
  - {id: there, folder: both, source: second}
```
"""
PARTS = ("--tags", "app_config,app_secrets")
FOLDER = "/data/second"


@pytest.fixture
def broker(deployed: Broker, tmp_path: Path) -> Iterator[Broker]:
    """A broker with two sources, of which the second has a secret; afterwards it is as it was."""
    description = tmp_path / "data_description.md"
    description.write_text(DESCRIPTION)
    settings = {
        "broker_sources": {"second": {"type": "csv", "path": "${SECOND_PLACE}"}},
        "broker_secrets": {"SECOND_PLACE": FOLDER},
        "broker_data_description": str(description),
    }
    deployed.play("site.yml", "-e", json.dumps(settings), *PARTS)
    deployed.host.run(
        f"install -d {FOLDER} && echo id > {FOLDER}/there.csv && echo id > /data/input/here.csv"
    )
    yield deployed
    deployed.host.run(f"rm -rf {FOLDER} /data/input/here.csv")
    deployed.play("site.yml", *PARTS)


def checked(broker: Broker) -> tuple[int, dict[str, Any]]:
    done = broker.host.run("broker check --json", check=False)
    return done.returncode, json.loads(done.stdout)


def test_a_check_has_the_rights_and_the_secrets_of_a_sync(broker: Broker) -> None:
    code, found = checked(broker)
    assert (code, found["works"]) == (0, True), found
    subjects = [one["subject"] for source in found["sources"] for one in source["findings"]]
    assert subjects == ["settings", "table here", "settings", "table there"]

    broker.host.run(f"chmod 700 {FOLDER}")  # root may read it, the sync may not
    code, found = checked(broker)
    assert (code, [one["works"] for one in found["sources"]]) == (1, [True, False])
    assert "table there" in broker.host.run("broker check", check=False).stdout
