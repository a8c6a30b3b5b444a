from __future__ import annotations

from pathlib import Path

import pytest

from rig.hosts.shell import HostError, sh, tail, wait_for


def test_a_failed_command_says_what_it_wrote() -> None:
    with pytest.raises(HostError, match="exit code 3\nno such luck"):
        sh("sh", "-c", "echo no such luck >&2; exit 3")


def test_a_command_that_is_not_there_names_the_remedy() -> None:
    with pytest.raises(HostError, match="run bin/bootstrap"):
        sh("there-is-no-such-command")


def test_what_does_not_come_is_explained() -> None:
    with pytest.raises(HostError, match="the answer did not come within 0 s\nlast words"):
        wait_for("the answer", lambda: False, seconds=0, explain=lambda: "last words")


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "console.log"
    assert tail(log) == ""
    log.write_text("\n".join(map(str, range(100))))
    assert tail(log, 2) == "98\n99"
