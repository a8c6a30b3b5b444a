from __future__ import annotations

import errno
import json
import os
import tomllib
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.agents.files import FILES, imports_instructions
from broker.laptop.agents.write import write_agent_files
from broker.laptop.workspace import Workspace

from .folders import contents, table, workspace_at

JSON = [path for path in FILES if path.endswith(".json")]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    root = tmp_path / "my data"
    root.mkdir()
    return workspace_at(root, table("orders"))


def read(workspace: Workspace, path: str) -> dict[str, object]:
    found = json.loads((workspace.root / path).read_bytes())
    assert isinstance(found, dict)
    return found


def put(workspace: Workspace, path: str, content: str | bytes) -> None:
    place = workspace.root / path
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def test_a_new_folder_gets_all_of_them(workspace: Workspace) -> None:
    assert write_agent_files(workspace) == ()
    assert list(contents(workspace.root)) == sorted(FILES)
    assert (workspace.root / "CLAUDE.md").read_text() == "@AGENTS.md\n"
    assert "`sales/orders`" in (workspace.root / "AGENTS.md").read_text()
    python = str(workspace.root / ".broker/venv/bin/python")
    server = [python, "-I", "-m", "broker.laptop", "--folder", str(workspace.root), "mcp"]
    for path in (".mcp.json", ".cursor/mcp.json"):
        assert read(workspace, path)["mcpServers"] == {
            "broker": {"command": python, "args": server[1:]}
        }
    assert read(workspace, "opencode.json")["mcp"] == {
        "broker": {"type": "local", "command": server, "enabled": True}
    }
    codex = tomllib.loads((workspace.root / ".codex/config.toml").read_text())
    assert codex["mcp_servers"]["broker"]["command"] == python


def test_the_settings_of_claude_code_are_ours(workspace: Workspace) -> None:
    write_agent_files(workspace)
    settings = read(workspace, ".claude/settings.json")
    assert settings["permissions"] == {
        "allow": [
            "Bash(bash server/scripts/sync_data.sh *)",
            "Bash(bash server/scripts/broker.sh *)",
            "mcp__broker__*",
        ],
        "deny": ["Edit(/server/**)"],
    }
    assert settings["enabledMcpjsonServers"] == ["broker"]
    assert isinstance(settings["hooks"], dict)
    assert {*settings["hooks"]} == {"SessionStart", "PreToolUse"}


def test_what_is_allowed_without_a_question_is_spelled_as_the_instructions_say(
    workspace: Workspace,
) -> None:
    write_agent_files(workspace)
    text = (workspace.root / "AGENTS.md").read_text()
    permissions = read(workspace, ".claude/settings.json")["permissions"]
    assert isinstance(permissions, dict)
    prefixes = [rule[5:-3] for rule in permissions["allow"] if rule.startswith("Bash(")]
    assert len(prefixes) == 2
    for prefix in prefixes:
        assert f"`{prefix}" in text


def test_a_second_sync_writes_nothing(workspace: Workspace) -> None:
    write_agent_files(workspace)
    before = {path: (workspace.root / path).stat() for path in FILES}
    assert write_agent_files(workspace) == ()
    assert {path: (workspace.root / path).stat() for path in FILES} == before


def test_before_the_first_sync_there_is_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(LaptopError, match="there are no data in this folder yet"):
        write_agent_files(Workspace.at(tmp_path))
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("path", "foreign"),
    [
        (
            ".claude/settings.json",
            {
                "model": "opus",
                "permissions": {"allow": ["Bash(make *)"], "deny": ["Read(./x)"], "ask": []},
                "hooks": {
                    "PreToolUse": [{"matcher": "Bash", "hooks": [{"command": "mine"}]}],
                    "Stop": [],
                },
                "enabledMcpjsonServers": ["other"],
                "statusLine": {"type": "command", "command": "mine", "padding": 0.5},
            },
        ),
        (".mcp.json", {"mcpServers": {"other": {"command": "x"}}, "more": 1}),
        (".cursor/mcp.json", {"mcpServers": {"other": {"url": "https://x"}}}),
        (".codex/hooks.json", {"hooks": {"Stop": [{"hooks": [{"command": "mine"}]}]}}),
        ("opencode.json", {"theme": "x", "permission": {"edit": {"*": "ask"}, "bash": "ask"}}),
    ],
)
def test_foreign_keys_of_settings_stay(
    workspace: Workspace, path: str, foreign: dict[str, object]
) -> None:
    put(workspace, path, json.dumps(foreign))
    assert write_agent_files(workspace) == ()
    assert is_within(foreign, read(workspace, path))
    assert read(workspace, path) != foreign
    kept = workspace.state / "agents/before" / path
    assert json.loads(kept.read_bytes()) == foreign


def is_within(part: object, whole: object) -> bool:
    """Whether all of it is there still, lists in their order."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(name in whole and is_within(part[name], whole[name]) for name in part)
    if isinstance(part, list) and isinstance(whole, list):
        return [one for one in whole if one in part] == part
    return part == whole


def test_settings_that_have_everything_keep_their_bytes(workspace: Workspace) -> None:
    write_agent_files(workspace)
    for path in JSON:
        put(workspace, path, json.dumps(read(workspace, path), indent=7))
    before = contents(workspace.root)
    assert write_agent_files(workspace) == ()
    assert contents(workspace.root) == before


def test_an_older_hook_of_ours_is_replaced_where_it_stands(workspace: Workspace) -> None:
    write_agent_files(workspace)
    made = read(workspace, ".claude/settings.json")
    old = {"type": "command", "command": "/old/python", "args": ["-m", "broker.laptop", "hook"]}
    mine = {"type": "command", "command": "mine"}
    groups = [{"hooks": [mine, old]}, {"matcher": "Write", "hooks": [mine]}, {"hooks": [old]}]
    put(workspace, ".claude/settings.json", json.dumps({"hooks": {"PreToolUse": groups}}))
    write_agent_files(workspace)
    hooks = read(workspace, ".claude/settings.json")["hooks"]
    assert isinstance(made["hooks"], dict)
    assert isinstance(hooks, dict)
    (ours,) = made["hooks"]["PreToolUse"]
    assert hooks["PreToolUse"] == [ours, {"hooks": [mine]}, {"matcher": "Write", "hooks": [mine]}]


@pytest.mark.parametrize("path", JSON)
@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"a": 1, "a": 2}',
        "// mine\n{}",
        b"\xff",
        '{"hooks": 1, "mcpServers": 2, "mcp": 3}',
    ],
)
def test_settings_that_cannot_be_read_are_left_and_reported(
    workspace: Workspace, path: str, content: str | bytes
) -> None:
    put(workspace, path, content)
    before = (workspace.root / path).read_bytes()
    (problem,) = write_agent_files(workspace)
    assert problem.startswith(f"{path}: ")
    assert "Nothing was changed in it" in problem
    assert (workspace.root / path).read_bytes() == before
    assert {*contents(workspace.root)} == {*FILES}  # the others are written


@pytest.mark.parametrize("content", ["", " \n", "\ufeff{}"])
def test_empty_settings_and_those_of_windows_are_settings(
    workspace: Workspace, content: str
) -> None:
    put(workspace, ".mcp.json", content)
    assert write_agent_files(workspace) == ()
    assert "mcpServers" in read(workspace, ".mcp.json")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (".mcp.json", '{"mcpServers": {"broker": {"command": "mine"}}}'),
        ("opencode.json", '{"mcp": {"broker": {"command": ["mine"]}}}'),
        (".codex/config.toml", '[mcp_servers.broker]\ncommand = "mine"\n'),
        (".codex/config.toml", 'mcp_servers = { other = { command = "x" } }\n'),
        (".codex/config.toml", "a = \n"),
        (".codex/config.toml", 'mcp_servers = "x"\n'),
    ],
)
def test_what_is_in_the_way_of_our_server_stays(
    workspace: Workspace, path: str, content: str
) -> None:
    put(workspace, path, content)
    (problem,) = write_agent_files(workspace)
    assert "Nothing was changed in it" in problem
    assert (workspace.root / path).read_text() == content


def test_settings_of_codex_keep_what_stands_around_ours(workspace: Workspace) -> None:
    put(workspace, ".codex/config.toml", 'model = "x"  # mine\n[mcp_servers.other]\ncommand = "y"')
    assert write_agent_files(workspace) == ()
    made = (workspace.root / ".codex/config.toml").read_text()
    assert made.startswith('model = "x"  # mine\n[mcp_servers.other]\ncommand = "y"\n\n# broker:')
    assert {*tomllib.loads(made)["mcp_servers"]} == {"other", "broker"}
    # A line below the block would be of our table.
    put(workspace, ".codex/config.toml", made + "cwd = '/'\n")
    (problem,) = write_agent_files(workspace)
    assert "does not fit" in problem
    put(workspace, ".codex/config.toml", made + "[more]\na = 1\n")
    assert write_agent_files(workspace) == ()


def test_a_folder_of_any_name_can_be_written(tmp_path: Path) -> None:
    root = tmp_path / 'a "b" \\ \x7f ž 𝄞'
    root.mkdir()
    assert write_agent_files(workspace_at(root)) == ()
    codex = tomllib.loads((root / ".codex/config.toml").read_text())
    assert codex["mcp_servers"]["broker"]["args"][4] == str(root)


def test_an_own_text_in_the_instructions_stays(workspace: Workspace) -> None:
    put(workspace, "AGENTS.md", b"# Mine\r\n\xff\n")
    assert write_agent_files(workspace) == ()
    workspace_at(workspace.root, table("stores"), generation="2026-11-23T120000Z-7f3a")
    put(workspace, "AGENTS.md", (workspace.root / "AGENTS.md").read_bytes() + b"end")
    assert write_agent_files(workspace) == ()
    content = (workspace.root / "AGENTS.md").read_bytes()
    assert content.startswith(b"# Mine\r\n\xff\n\n<!-- broker:begin")
    assert content.endswith(b"<!-- broker:end -->\nend")
    assert (content.count(b"sales/orders"), content.count(b"sales/stores")) == (0, 1)


def test_broken_markers_are_reported_and_nothing_changes(workspace: Workspace) -> None:
    write_agent_files(workspace)
    broken = (workspace.root / "AGENTS.md").read_bytes().replace(b"<!-- broker:end -->", b"")
    put(workspace, "AGENTS.md", broken)
    (problem,) = write_agent_files(workspace)
    assert problem.startswith("AGENTS.md: where the block")
    assert (workspace.root / "AGENTS.md").read_bytes() == broken


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("@server/CLAUDE.md\n", "@AGENTS.md\n"),
        ("mine\n", "mine\n"),
        ("@server/CLAUDE.md\nmine\n", "@server/CLAUDE.md\nmine\n"),
        ("", ""),
    ],
)
def test_instructions_of_claude_are_a_persons_own_but_for_our_old_line(
    workspace: Workspace, content: str, expected: str
) -> None:
    put(workspace, "CLAUDE.md", content)
    assert write_agent_files(workspace) == ()
    assert (workspace.root / "CLAUDE.md").read_text() == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"@AGENTS.md\n", True),
        (b"# Mine\nSee @./AGENTS.md now", True),
        (b"@AGENTS.md.bak", False),
        (b"x@AGENTS.md", False),
        (b"`@AGENTS.md`", False),
        (b"```\n@AGENTS.md\n```\n", False),
        (b"<!-- @AGENTS.md -->", False),
        (b"```\nx\n```\n@AGENTS.md\n", True),
        (b"@docs/AGENTS.md", False),
        (b"", False),
    ],
)
def test_an_import_is_found_where_it_counts(content: bytes, expected: bool) -> None:
    assert imports_instructions(content) is expected


@pytest.mark.parametrize("path", [*FILES])
def test_nothing_is_written_through_a_link(workspace: Workspace, path: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("{}")
    (workspace.root / path).parent.mkdir(exist_ok=True)
    (workspace.root / path).symlink_to(outside)
    (problem,) = write_agent_files(workspace)
    assert "found a link at" in problem
    assert outside.read_text() == "{}"
    assert (workspace.root / path).is_symlink()


@pytest.mark.parametrize("folder", [".claude", ".codex", ".cursor"])
def test_nothing_is_written_into_a_folder_elsewhere(
    workspace: Workspace, folder: str, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace.root / folder).symlink_to(outside)
    assert write_agent_files(workspace)
    assert [*outside.iterdir()] == []


def test_a_link_to_the_instructions_is_as_good_as_the_import(workspace: Workspace) -> None:
    (workspace.root / "CLAUDE.md").symlink_to("AGENTS.md")
    assert write_agent_files(workspace) == ()
    assert (workspace.root / "CLAUDE.md").is_symlink()


@pytest.mark.parametrize("path", [*FILES])
def test_a_folder_in_the_place_of_a_file_is_reported(workspace: Workspace, path: str) -> None:
    (workspace.root / path).mkdir(parents=True)
    (problem,) = write_agent_files(workspace)
    assert "found something else" in problem


def test_the_rights_of_a_file_stay(workspace: Workspace) -> None:
    put(workspace, ".mcp.json", "{}")
    (workspace.root / ".mcp.json").chmod(0o600)
    write_agent_files(workspace)
    assert (workspace.root / ".mcp.json").stat().st_mode & 0o777 == 0o600
    assert (workspace.root / "AGENTS.md").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("reason", [errno.EACCES, errno.EROFS])
def test_a_file_that_cannot_be_written_is_reported(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    refuse_to_write(monkeypatch, reason)
    problems = write_agent_files(workspace)
    assert len(problems) == len(FILES)
    words = f"[Errno {reason}] {os.strerror(reason)}"
    assert problems[0] == f"AGENTS.md: it cannot be written: {words}"


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_one_error_and_not_one_for_each_file(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    refuse_to_write(monkeypatch, reason)
    with pytest.raises(OSError, match=os.strerror(reason)):
        write_agent_files(workspace)


def refuse_to_write(monkeypatch: pytest.MonkeyPatch, reason: int) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr("broker.laptop.agents.write.write_atomic", refuse)


def test_the_rule_of_opencode_stands_last_where_the_last_one_counts(workspace: Workspace) -> None:
    rules = '{"**/server/**": "deny", "*": "allow"}'
    put(workspace, "opencode.json", f'{{"permission": {{"edit": {rules}}}}}')
    write_agent_files(workspace)
    written = json.loads((workspace.root / "opencode.json").read_bytes())["permission"]["edit"]
    assert list(written.items()) == [("*", "allow"), ("**/server/**", "deny")]


def test_half_of_a_character_in_settings_stays_as_it_is_written(workspace: Workspace) -> None:
    put(workspace, ".mcp.json", r'{"mine": "\ud800"}')
    assert write_agent_files(workspace) == ()
    assert read(workspace, ".mcp.json")["mine"] == "\ud800"
    assert "broker" in str(read(workspace, ".mcp.json")["mcpServers"])
