"""When a push may run, what it may do, and the sentence when it may not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.space import MAX_DEPTH
from broker.transport import Refusal, Rsync
from broker.transport.limits import SpaceLimits, Watch, read_limits
from broker.transport.program import _look, _when_full
from tests.unit.ansible.bundle import ROOT, load


def test_the_programs_defaults_are_those_of_the_role() -> None:
    role = load(ROOT / "roles/ssh/defaults/main.yml")
    declared = (role["ssh_user_mb"], role["ssh_user_files"], role["ssh_reserve_mb"])
    known = read_limits({})
    assert (known.space_mb, known.files, known.reserve_mb) == declared


def test_limits_come_from_the_environment_that_sshd_sets() -> None:
    given = {"BROKER_USER_MB": "5", "BROKER_USER_FILES": "6", "BROKER_RESERVE_MB": "7"}
    assert read_limits(given) == SpaceLimits(5, 6, 7)
    with pytest.raises(Refusal, match="are not numbers"):
        read_limits({"BROKER_USER_MB": "many"})


@pytest.fixture
def user(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "file").write_bytes(os.urandom(1_500_000))
    (tmp_path / "more").touch()
    descriptor = os.open(tmp_path, os.O_RDONLY)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (SpaceLimits(10, 10, 0), None),
        (
            SpaceLimits(1, 10, 0),
            "user/ holds 1 MB in 2 files and folders; at most 1 MB and 10 are kept",
        ),
        (SpaceLimits(10, 1, 0), "at most 10 MB and 1 are kept here"),
        (SpaceLimits(10, 10, 10**9), "less than 1,000,000,000 MB left"),
    ],
)
def test_what_is_full_is_said_in_one_sentence(
    user: int, limits: SpaceLimits, message: str | None
) -> None:
    problem = Watch(user, limits).problem()
    assert (problem is None) == (message is None)
    assert message is None or message in str(problem)


def test_deeply_nested_folders_end_a_push(tmp_path: Path, user: int) -> None:
    (tmp_path / "/".join("d" * (MAX_DEPTH + 1))).mkdir(parents=True)
    assert "nested more than 100 deep" in str(Watch(user, SpaceLimits()).problem())


def test_a_push_that_deletes_may_make_room_and_take_none(user: int) -> None:
    plain, deletes = (Rsync(False, options, (".",)) for options in (("-r",), ("--delete",)))
    assert _when_full(plain, None) == _when_full(deletes, None) == []
    assert _when_full(deletes, "full") == ["--existing", "--ignore-existing"]
    with pytest.raises(Refusal, match="full"):
        _when_full(plain, "full")
    assert _look(None, None) is None
    assert _look(Watch(user, SpaceLimits()), "full") is None
