"""The module for units: what it writes, when it asks systemd what, and what it leaves alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from .conftest import Call, load
from .documentation import documented_options, plain, spec_of

TEXTS = {"x.service": "[Service]\nExecStart=/bin/true\n", "x.timer": "[Timer]\nOnCalendar=daily\n"}
WANTED: dict[str, Any] = {"units": TEXTS, "started": ["x.timer"], "restarted": ["x.timer"]}


class Systemd:
    """A systemd that knows whether the timer runs, and notes what it is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.refuses: str | None = None
        self.running = False

    def __call__(self, command: list[str]) -> tuple[int, str, str]:
        _, verb, *rest = command
        if verb == "show":
            state = "active\nUnitFileState=enabled" if self.running else "inactive\nUnitFileState="
            blocks = rest[rest.index("--") + 1 :]
            return 0, "\n\n".join(f"ActiveState={state}\nNeedDaemonReload=no" for _ in blocks), ""
        self.calls.append(" ".join([verb, *(Path(word).name for word in rest)]))
        if verb in ("start", "restart", "stop"):
            self.running = verb != "stop"
        return (1, "", "no") if verb == self.refuses else (0, "", "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "system").mkdir()
    return tmp_path / "system"


@pytest.fixture
def systemd() -> Systemd:
    return Systemd()


@pytest.fixture
def ensure(
    folder: Path,
    systemd: Systemd,
    call_module: Callable[[ModuleType], Call],
    monkeypatch: pytest.MonkeyPatch,
) -> Call:
    module = load("systemd_units")
    monkeypatch.setattr(module, "FOLDER", folder)
    monkeypatch.setattr(module.AnsibleModule, "run_command", lambda _, command: systemd(command))
    return call_module(module)


def test_the_documentation_is_the_argument_spec() -> None:
    module = load("systemd_units")
    assert spec_of(documented_options(module)["doc"]["options"]) == plain(module.ARGUMENT_SPEC)


def test_four_runs_check_real_check_real(ensure: Call, folder: Path, systemd: Systemd) -> None:
    checked = ensure(check=True, **WANTED)
    assert (checked["changed"], checked["written"]) == (True, ["x.service", "x.timer"])
    assert [*folder.iterdir()] == []
    assert systemd.calls == []

    done = ensure(**WANTED)
    assert done["diff"] == checked["diff"]
    assert {path.name: path.read_text() for path in folder.iterdir()} == TEXTS
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}
    assert systemd.calls == [
        "verify --man=no x.service x.timer",
        "daemon-reload",
        "enable x.timer",
        "restart x.timer",
        "start x.timer",
    ]

    systemd.calls.clear()
    for check in (True, False):
        assert ensure(check=check, **WANTED)["changed"] is False
    assert systemd.calls == []


def test_what_systemd_does_not_take_changes_nothing(
    ensure: Call, folder: Path, systemd: Systemd
) -> None:
    systemd.refuses = "verify"
    assert "systemd-analyze verify: no" in ensure(**WANTED)["msg"]
    assert [*folder.iterdir()] == []


def test_drift_shows_and_is_mended(ensure: Call, folder: Path, systemd: Systemd) -> None:
    ensure(**WANTED)
    (folder / "x.timer").chmod(0o666)
    systemd.running = False
    mended = ensure(**WANTED)
    text = "".join(one["before"] for one in mended["diff"])
    assert "# mode 0666" in text
    assert "inactive, not there" in text
    assert mended["written"] == ["x.timer"]
    assert systemd.running
    assert ensure(**WANTED)["changed"] is False


def test_what_goes_is_stopped_and_a_template_is_not(
    ensure: Call, folder: Path, systemd: Systemd
) -> None:
    (folder / "x@.service").write_text("")
    (folder / "x.socket").write_text("")
    gone = {"units": dict.fromkeys(("x@.service", "x.socket"), ""), "state": "absent"}
    assert ensure(check=True, **gone)["changed"]
    assert len([*folder.iterdir()]) == 2
    assert ensure(**gone)["written"] == ["x@.service", "x.socket"]
    assert [*folder.iterdir()] == []
    assert systemd.calls == ["disable x.socket", "stop x.socket", "daemon-reload"]
    assert ensure(**gone)["changed"] is False


@pytest.mark.parametrize("verb", ["daemon-reload", "enable", "restart", "start"])
def test_units_that_a_run_wrote_and_did_not_put_in_use_are_put_in_use_by_the_next(
    verb: str, ensure: Call, systemd: Systemd
) -> None:
    systemd.running = verb in ("daemon-reload", "restart")
    systemd.refuses = verb
    assert f"systemctl {verb}: no" in ensure(**WANTED)["msg"]
    systemd.refuses = None
    systemd.calls.clear()
    checked = ensure(check=True, **WANTED)
    assert (checked["changed"], systemd.calls) == (True, [])
    done = ensure(**WANTED)
    assert (done["changed"], done["diff"]) == (True, checked["diff"])
    assert [verb for verb in ("daemon-reload", "restart x.timer") if verb in systemd.calls] == [
        "daemon-reload",
        "restart x.timer",
    ]
    assert ensure(**WANTED)["changed"] is False
