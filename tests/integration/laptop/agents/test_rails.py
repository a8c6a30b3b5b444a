"""What the status says of the rails: each is tried, and what does not work is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.laptop.agents.files import FILES
from broker.laptop.agents.prove import rails
from broker.laptop.workspace import Workspace

from .serving import serve_mcp

HOOKS = ("hook SessionStart", "hook PreToolUse")
IMPORT = "instructions of Claude Code"


def broken(workspace: Workspace, environment: dict[str, str] | None = None) -> dict[str, str]:
    """The rails that do not work, with what is said of each."""
    return {r.name: r.message for r in rails(workspace, environment or {}) if r.works is False}


def test_all_of_them_work_after_a_sync(workspace: Workspace) -> None:
    names = [rail.name for rail in rails(workspace, {}) if rail.works]
    assert {*FILES, IMPORT, *HOOKS} <= {*names}
    assert broken(workspace) == {}
    assert not (workspace.user / "synced").exists(), "to try a hook starts no sync"


def _without(path: str) -> Callable[[Workspace], None]:
    return lambda workspace: (workspace.root / path).unlink()


def _deny_nothing(workspace: Workspace) -> None:
    place = workspace.root / ".claude/settings.json"
    settings = json.loads(place.read_text())
    del settings["permissions"]["deny"]
    place.write_text(json.dumps(settings))


def _no_hooks(workspace: Workspace) -> None:
    place = workspace.root / ".claude/settings.json"
    settings = json.loads(place.read_text())
    settings["hooks"] = {"PreToolUse": [{"hooks": [{"command": "mine"}]}]}
    place.write_text(json.dumps(settings))


def _moved_folder(workspace: Workspace) -> None:
    place = workspace.root / ".claude/settings.json"
    place.write_text(place.read_text().replace(str(workspace.root), "/gone"))


@pytest.mark.parametrize(
    ("break_it", "names"),
    [
        *((_without(path), {path}) for path in FILES if path[:4] not in (".cla", ".mcp", "CLAU")),
        (_without("CLAUDE.md"), {"CLAUDE.md", IMPORT}),
        (_without(".claude/settings.json"), {".claude/settings.json", *HOOKS}),
        (_deny_nothing, {".claude/settings.json"}),
        (_no_hooks, {".claude/settings.json", *HOOKS}),
        (_moved_folder, {".claude/settings.json", *HOOKS}),
        (lambda w: (w.root / "CLAUDE.md").write_text("mine"), {IMPORT}),
        (
            lambda w: (w.root / ".claude/settings.json").write_text("{"),
            {".claude/settings.json", *HOOKS},
        ),
        (lambda w: (w.state / "venv").unlink(), {*HOOKS}),
        (lambda w: (w.root / "AGENTS.md").write_text("mine"), {"AGENTS.md"}),
    ],
)
def test_what_does_not_work_is_named(
    workspace: Workspace, break_it: Callable[[Workspace], None], names: set[str]
) -> None:
    break_it(workspace)
    assert {*broken(workspace)} - {"MCP server"} == names


def test_files_in_the_folder_of_the_agent_are_not_imported(workspace: Workspace) -> None:
    for name in ("json", "shlex", "broker", "sitecustomize"):
        (workspace.root / f"{name}.py").write_text(
            "open('user/imported', 'w')\nraise SystemExit(2)"
        )
    assert not {*HOOKS} & {*broken(workspace)}
    assert not (workspace.user / "imported").exists()


def test_a_guard_that_lets_everything_pass_is_found(workspace: Workspace) -> None:
    python = workspace.state / "venv" / "bin" / "python"
    (workspace.state / "venv").unlink()
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 0\n")
    python.chmod(0o755)
    found = broken(workspace)
    assert {*HOOKS} <= {*found}
    assert (
        'expected "permissionDecision": "deny" and exit code 0; found' in found["hook PreToolUse"]
    )


def test_a_guard_that_refuses_everything_is_found(workspace: Workspace) -> None:
    python = workspace.state / "venv" / "bin" / "python"
    (workspace.state / "venv").unlink()
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho \'"permissionDecision": "deny"\'\n')
    python.chmod(0o755)
    assert "expected no word and exit code 0" in broken(workspace)["hook PreToolUse"]


def test_a_server_that_answers_is_a_rail(workspace: Workspace) -> None:
    serve_mcp(workspace)
    assert "MCP server" not in broken(workspace)


def test_a_server_that_does_not_is_named_with_what_to_use(workspace: Workspace) -> None:
    python = workspace.state / "venv" / "bin" / "python"
    (workspace.state / "venv").unlink()
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\necho gone >&2; exit 1\n")
    python.chmod(0o755)
    message = broken(workspace)["MCP server"]
    assert message.startswith("it did not answer: ")
    assert message.endswith("Agents query without it: bash server/scripts/broker.sh")


@pytest.mark.parametrize(("level", "works"), [("trusted", True), ("untrusted", False)])
def test_whether_codex_trusts_the_folder_is_read(
    workspace: Workspace, tmp_path: Path, level: str, works: bool
) -> None:
    entry = f'[projects."{workspace.root}"]\ntrust_level = "{level}"\n'
    (tmp_path / "config.toml").write_text(entry)
    found = {rail.name: rail.works for rail in rails(workspace, {"CODEX_HOME": str(tmp_path)})}
    assert found["trust of Codex"] is works


def test_of_agents_that_were_never_here_nothing_is_known(workspace: Workspace) -> None:
    found = {rail.name: rail.works for rail in rails(workspace, {"HOME": "/nonexistent"})}
    names = ("start of Claude Code", "trust of Claude Code", "trust of Codex")
    assert [found[name] for name in names] == [None] * 3


def test_a_sibling_whose_name_begins_alike_is_another_folder(
    workspace: Workspace, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    other = f"{workspace.root}-old/user"
    name = "".join(c if c.isalnum() and c.isascii() else "-" for c in other)
    (home / ".claude/projects" / name).mkdir(parents=True)
    transcript = home / ".claude/projects" / name / "1.jsonl"
    transcript.write_text(f'{{"type": "x"}}\n{json.dumps({"cwd": other})}\n')
    found = {rail.name: rail.works for rail in rails(workspace, {"HOME": str(home)})}
    assert found["start of Claude Code"] is None
    transcript.write_text(json.dumps({"cwd": str(workspace.user)}))
    found = {rail.name: rail.works for rail in rails(workspace, {"HOME": str(home)})}
    assert found["start of Claude Code"] is False
