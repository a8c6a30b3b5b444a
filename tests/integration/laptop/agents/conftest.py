"""A folder as a sync leaves it, with a Python of its own in which the hooks of agents run."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path

import pytest

from broker.laptop.agents.write import write_agent_files
from broker.laptop.workspace import Workspace
from rig.venvs import ROOT
from tests.unit.laptop.agents.folders import table, workspace_at

from .claude import Claude, program

SYNC = """\
#!/usr/bin/env bash
# In the place of the real one: notes that it was run, and brings a line.
echo "$PWD $*" >>"$(dirname "$0")/../../user/synced"
echo "sync_data: nothing to fetch from \\`broker\\`" >&2
exit "$(cat "$(dirname "$0")/../../user/exit_code" 2>/dev/null || echo 0)"
"""


@pytest.fixture(scope="session")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that finds this package and what it needs, as the one that a sync brings."""
    folder = tmp_path_factory.mktemp("python") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    packages = sysconfig.get_paths()["purelib"]
    (site / "broker.pth").write_text(f"{ROOT / 'src'}\n{packages}\n")
    return folder


@pytest.fixture
def workspace(tmp_path: Path, venv: Path) -> Workspace:
    """Synced once: a generation, the scripts, the files for agents."""
    root = tmp_path / "my data"
    root.mkdir()
    made = workspace_at(root, table("orders", freshness_seconds=3600), table("stores"))
    made.state.mkdir()
    (made.state / "venv").symlink_to(venv)
    made.scripts.mkdir(parents=True)
    (made.scripts / "sync_data.sh").write_text(SYNC)
    (made.scripts / "broker.sh").write_text(
        textwrap.dedent("""\
            #!/usr/bin/env bash
            echo "answer to $*"
        """)
    )
    (made.server / "parquet").mkdir()
    (made.server / "parquet" / "x.parquet").write_text("rows")
    made.database.parent.mkdir(parents=True)
    made.database.write_text("views")
    assert write_agent_files(made) == ()
    return made


@pytest.fixture(scope="session")
def claude_program() -> Path:
    try:
        return program()
    except RuntimeError as error:
        pytest.skip(f"Claude Code cannot be installed or started here: {error}")


@pytest.fixture
def claude(claude_program: Path, tmp_path: Path, workspace: Workspace) -> Claude:
    """Of a person who trusts the folder."""
    person = Claude(claude_program, tmp_path / "home")
    person.trust(workspace.root)
    return person
