"""A folder as a sync leaves it, with a Python of its own in which the hooks of agents run."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.laptop.agents.write import write_agent_files
from broker.laptop.workspace import Workspace
from rig.agents import AgentError
from rig.agents import claude as claude_program
from rig.agents import codex as codex_program
from rig.agents import opencode as opencode_program
from rig.venvs import ROOT
from tests.unit.laptop.agents.folders import table, workspace_at

from .claude import Claude
from .codex import Codex
from .opencode import OpenCode

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


def _found(install: Callable[[], Path]) -> Path:
    """The program of an agent; skips what cannot be done without it."""
    try:
        return install()
    except AgentError as error:
        pytest.skip(f"this agent program cannot be installed or started here: {error}")


@pytest.fixture(scope="session")
def claude_at() -> Path:
    return _found(claude_program)


@pytest.fixture(scope="session")
def codex_at() -> Path:
    return _found(codex_program)


@pytest.fixture(scope="session")
def opencode_at() -> Path:
    return _found(opencode_program)


@pytest.fixture
def claude(claude_at: Path, tmp_path: Path, workspace: Workspace) -> Claude:
    """Of a person who trusts the folder."""
    person = Claude(claude_at, tmp_path / "home")
    person.trust(workspace.root)
    return person


@pytest.fixture
def codex(codex_at: Path, tmp_path: Path, workspace: Workspace) -> Codex:
    """Of a person who trusts the folder."""
    person = Codex(codex_at, tmp_path / "home")
    person.trust(workspace.root)
    return person


@pytest.fixture
def opencode(opencode_at: Path, tmp_path: Path) -> OpenCode:
    return OpenCode(opencode_at, tmp_path / "home")
