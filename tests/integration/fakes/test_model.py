from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from rig.fakes.model import ScriptError, StandIn, Step
from rig.venvs import ROOT

TOOLS = [{"name": "Bash"}]


def ask(url: str, **body: Any) -> bytes:
    """One turn of an agent."""
    content = json.dumps({"model": "any", "messages": [], **body}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{url}/v1/messages?beta=true", content, headers)) as answer:  # noqa: S310
        return bytes(answer.read())


def test_a_script_is_played_once_and_then_ends() -> None:
    with StandIn([Step(tool="Bash", input={"command": "ls"}), Step(text="so")]) as model:
        turns = [json.loads(ask(model.url, tools=TOOLS)) for _ in range(3)]
        assert model.is_played
    assert [turn["stop_reason"] for turn in turns] == ["tool_use", "end_turn", "end_turn"]
    assert turns[0]["content"][0]["input"] == {"command": "ls"}
    assert [turn["content"][0].get("text") for turn in turns[1:]] == ["so", "The script has ended."]
    assert len({turn["id"] for turn in turns}) == 3


def test_a_call_without_tools_takes_no_step() -> None:
    with StandIn([Step(text="so")]) as model:
        assert json.loads(ask(model.url))["content"][0]["text"] == "ok"
        assert not model.is_played
        assert json.loads(ask(model.url, tools=TOOLS))["content"][0]["text"] == "so"
        assert not model.is_played
        ask(model.url, tools=TOOLS)
        assert model.is_played


def test_a_stream_says_the_same() -> None:
    with StandIn([Step(tool="Bash", input={"command": "ls"})]) as model:
        lines = ask(model.url, tools=TOOLS, stream=True).decode().splitlines()
    names = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    assert names == [
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop"),
        *("message_delta", "message_stop"),
    ]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert data[1]["content_block"] == {
        "type": "tool_use",
        "id": "toolu_1",
        "name": "Bash",
        "input": {},
    }
    assert json.loads(data[2]["delta"]["partial_json"]) == {"command": "ls"}


def test_what_came_of_a_step_and_what_the_model_read_are_kept() -> None:
    results = [
        {"type": "tool_result", "tool_use_id": "toolu_1", "content": "one", "is_error": True},
        {
            "type": "tool_result",
            "tool_use_id": "toolu_2",
            "content": [{"type": "text", "text": "two"}],
        },
    ]
    messages = [{"role": "system", "content": "ages"}, {"role": "user", "content": results}]
    with StandIn([Step(tool="Bash"), Step(tool="Bash")]) as model:
        ask(model.url, tools=TOOLS)
        ask(model.url, tools=TOOLS)
        ask(model.url, tools=TOOLS, messages=messages, system="rules")
        assert (model.result(0).text, model.result(0).is_error) == ("one", True)
        assert (model.result(1).text, model.result(1).is_error) == ("two", False)
        assert model.context.splitlines() == ["rules", "ages", "one", "two", '"Bash"']
        with pytest.raises(LookupError, match="no result came of step 2"):
            model.result(2)


@pytest.mark.parametrize("plain", [1, {}, {"text": 1}, {"tool": "Bash"}, {"tool": "x", "input": 1}])
def test_a_step_that_cannot_be_read_is_refused(plain: object) -> None:
    with pytest.raises(ScriptError, match="a step is"):
        Step.of(plain)


def test_the_command_plays_a_script(tmp_path: Path) -> None:
    script = tmp_path / "steps.json"
    script.write_text('[{"tool": "Bash", "input": {"command": "ls"}}, {"text": "so"}]')
    command = [sys.executable, "-m", "rig.fakes.model", "--script", str(script)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert json.loads(ask(url, tools=TOOLS))["content"][0]["name"] == "Bash"
        process.terminate()
    assert process.returncode == 0


def test_the_command_refuses_another_script(tmp_path: Path) -> None:
    script = tmp_path / "steps.json"
    script.write_text('{"text": "so"}')
    command = [sys.executable, "-m", "rig.fakes.model", "--script", str(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Error: {script}: a step is")
