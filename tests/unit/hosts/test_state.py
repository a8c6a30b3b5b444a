from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rig.hosts import places, state
from rig.hosts.processes import Process
from rig.hosts.run import Run, check_name
from rig.hosts.shell import HostError, wait_for
from rig.hosts.state import HostState, RunState


@pytest.mark.parametrize("owner", [None, Process(4711, 99)])
def test_a_state_comes_back_as_it_was_saved(owner: Process | None, tmp_path: Path) -> None:
    hosts = {"broker": HostState(13, "10.77.3.2", "ssh-ed25519 AAAA")}
    saved = RunState("demo", 3, owner, hosts)
    state.save(tmp_path, saved)
    assert state.load(tmp_path) == saved


def test_no_folder_has_no_state_and_is_not_alive(tmp_path: Path) -> None:
    assert state.load(tmp_path / "gone") is None
    assert not Run(tmp_path / "gone").alive()


def test_a_run_lives_as_long_as_its_owner(tmp_path: Path) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as owner:
        state.save(tmp_path, RunState("demo", 3, Process.of(owner.pid)))
        assert Run(tmp_path).alive()
    assert not Run(tmp_path).alive()


def test_an_owner_that_nobody_waited_for_is_dead() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as owner:
        process = Process.of(owner.pid)
        assert process.alive()
        owner.kill()
        assert owner.stdout is not None
        assert owner.stdout.read() == b""  # its end is closed: it is over, and a zombie
        wait_for("the end of the owner", lambda: not process.alive(), seconds=10)
        assert Path(f"/proc/{owner.pid}").exists()


def test_another_process_with_the_owners_number_is_not_the_owner() -> None:
    me = Process.current()
    assert me.alive()
    assert not Process(os.getpid(), me.started - 1).alive()


def test_a_kept_run_without_a_running_host_is_a_leftover(tmp_path: Path) -> None:
    hosts = {"broker": HostState(13, "10.77.3.2", "ssh-ed25519 AAAA")}
    state.save(tmp_path, RunState("demo", 3, None, hosts))
    assert not Run(tmp_path).alive()


def test_an_unknown_host_is_answered_with_those_there_are(tmp_path: Path) -> None:
    hosts = {"broker": HostState(13, "10.77.3.2", "ssh-ed25519 AAAA")}
    state.save(tmp_path, RunState("demo", 3, None, hosts))
    with pytest.raises(HostError, match="there are: broker"):
        Run(tmp_path).host("brokre")


@pytest.mark.parametrize("name", ["", "Broker", "-a", "a_b", "a b", "a/b", "..", "a" * 32, "7up"])
def test_names_that_cannot_be_host_names_are_refused(name: str) -> None:
    with pytest.raises(HostError, match="is not a valid name"):
        check_name(name)


def test_the_folder_of_hosts_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BROKER_HOSTS_DIR", str(tmp_path))
    assert {places.bases().parent, places.packages().parent, places.runs().parent} == {tmp_path}
    monkeypatch.delenv("BROKER_HOSTS_DIR")
    assert places.root().parts[-2:] == (".cache", "hosts")
