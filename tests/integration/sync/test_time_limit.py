"""A source that hangs fails its table in time; the sync, a rollback and an approval go on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence

import pytest

from .conftest import Instance

LATE = "the source took too long; expected all rows within 1s"


def sync(instance: Instance, module: str = "broker") -> subprocess.CompletedProcess[str]:
    """A sync in a process of its own, which has to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments(instance, "sync")],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )


def arguments(instance: Instance, command: str) -> Sequence[str]:
    return [command, "--config", str(instance.config), "--data", str(instance.data)]


def limit(instance: Instance) -> None:
    path = instance.config / "instance.yaml"
    path.write_text(f"{path.read_text()}sync: {{table_timeout: 1s}}\n")


@pytest.mark.parametrize("own", [False, True])
def test_a_source_that_hangs_fails_its_table_alone(instance: Instance, own: bool) -> None:
    instance.sync()
    description = instance.config / "data_description.md"
    if own:
        customers = "  - id: in.c-shop.customers\n"
        text = description.read_text().replace(customers, f"{customers}    timeout: 1s\n")
        description.write_text(text)
    else:
        limit(instance)
    for table in ("orders", "customers"):
        path = instance.root / f"csv/{table}.csv"
        path.write_text(path.read_text().replace("1,", "7,", 1))
    done = sync(instance, "tests.integration.sync.hanging")
    assert done.returncode == 1, done.stderr
    status = instance.status()
    assert status["shop/customers"]["status"] == "unreadable"
    assert f"in.c-shop.customers: {LATE}" in status["shop/customers"]["error"]
    assert "1 not brought up to date" in done.stdout
    assert [row[0] for row in instance.rows("shop/orders")] == [2, 3, 7]
    assert [row[0] for row in instance.rows("shop/customers")] == [1, 2]
    assert instance.here("rollback").returncode == 0


def test_a_server_that_never_answers_is_a_source_that_hangs(instance: Instance) -> None:
    limit(instance)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/customers.csv"
        description = instance.config / "data_description.md"
        customers = "  - id: in.c-shop.customers\n"
        text = description.read_text().replace(customers, f"{customers}    file: {url}\n")
        description.write_text(text)
        done = sync(instance)
    assert done.returncode == 1, done.stderr
    assert LATE in instance.status()["shop/customers"]["error"]
    assert len(instance.rows("shop/orders")) == 3
