"""``docs/profiles.md``: its command runs, and its tables say what the code says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from broker.config.profiles import Alerts, Profiles, Tier
from broker.profile.measure import FEW_ROWS, FEW_VALUES
from broker.profile.queries import SAMPLED
from broker.profile.sketched import RARE
from tests.documented import ROOT, documented
from tests.integration.sync.conftest import DESCRIPTION, Instance, make_instance

TEXT = (ROOT / "docs/profiles.md").read_text(encoding="utf-8")


def type_in(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Type the command of the page in the folder that has ``config`` and ``data``."""
    (command,) = documented("profile")
    program, *words = shlex.split(command)
    assert program == "broker"
    environment = {"PYTHONPATH": str(ROOT / "src"), "LANG": "C.UTF-8"}
    return subprocess.run(
        [sys.executable, "-m", "broker", *words, *more],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return make_instance(tmp_path, DESCRIPTION)


def test_the_command_shows_each_column(instance: Instance) -> None:
    instance.sync()
    done = type_in(instance.root)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"shop/orders, generation \S+: 3 rows, key id", lines[0])
    assert lines[1] == "Class public, whose profiles show samples."
    assert "  ! day: 33.3 % of the values are NULL" in lines
    table = {line.split()[0]: line for line in lines if line[0] not in " !C"}
    assert re.search(r"BIGINT +0 % +3 +\S+ +\S* *1 to 3", table["id"])
    assert re.search(r"33.3 % +2 ", table["day"])


def test_a_table_without_profile_is_named(instance: Instance) -> None:
    path = instance.config / "instance.yaml"
    path.write_text(path.read_text() + "profiles: {enabled: false}\n")
    instance.sync()
    done = type_in(instance.root)
    assert done.returncode == 1
    assert "shop/orders: the table has no profile in this generation" in done.stderr


def test_an_empty_text_is_shown(tmp_path: Path) -> None:
    instance = make_instance(tmp_path, DESCRIPTION)
    instance.csv("orders", 'id,day,note\n1,2026-10-01,""\n2,2026-10-02,""\n3,2026-10-02,a\n')
    instance.sync()
    assert "'' 66.7 %, a 33.3 %" in type_in(instance.root).stdout


def test_hostile_names_and_values_act_on_no_terminal(tmp_path: Path) -> None:
    instance = make_instance(tmp_path, DESCRIPTION)
    name, value = "\x1b]0;x\x07na[bold]me", "\x1b[2J[red]v\u202e"
    instance.csv("orders", f'id,day,"{name}"\n1,2026-10-01,"{value}"\n2,2026-10-02,"{value}"\n')
    instance.sync()
    shown = type_in(instance.root).stdout
    assert "[bold]" in shown
    assert "[red]" in shown
    assert not set("\x1b\x07\u202e") & set(shown)


def test_the_page_names_tiers_alerts_and_their_settings() -> None:
    for tier in Tier:
        assert f"| `{tier}` |" in TEXT
    for name, field in Alerts.model_fields.items():
        assert f"`profiles.alerts.{name}` ({field.default})" in TEXT
    assert f"`profiles.min_group` rows ({Profiles().min_group})" in TEXT


def test_the_page_says_how_much_is_counted() -> None:
    assert FEW_ROWS == FEW_VALUES
    assert f"A file of up to {FEW_ROWS:,} rows counts each different value" in TEXT
    assert f"up to {FEW_VALUES:,} of them in its Parquet" in TEXT
    assert f"looks at about {SAMPLED:,} rows" in TEXT
    assert f"at least one in {RARE} of these" in TEXT
