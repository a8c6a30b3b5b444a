"""What systemd and launchd are given for a folder, whatever its name."""

from __future__ import annotations

import plistlib
import subprocess
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.schedule import command
from broker.laptop.schedule.property_list import is_ours, property_list
from broker.laptop.schedule.timer import INTERVALS, FolderTimer, name_for
from broker.laptop.schedule.units import units

from .made import HOSTILE, timer_of

ROOT = Path("/home/anna") / HOSTILE


def lines_of(timer: FolderTimer, kind: str) -> dict[str, str]:
    text = units(timer)[f"{timer.name}.{kind}"]
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_a_name_is_of_one_folder() -> None:
    assert name_for(ROOT) != name_for(ROOT.parent)
    assert name_for(ROOT) == name_for(Path(str(ROOT)))
    assert set(units(timer_of(ROOT))) == {f"{name_for(ROOT)}.{end}" for end in ("service", "timer")}


def test_paths_are_escaped_as_each_setting_wants_it() -> None:
    lines = lines_of(timer_of(ROOT), "service")
    script = "a \"b\" 'c' 100%% $HOME ; x&y é #/server/scripts/sync_data.sh"
    assert lines["ConditionPathExists"] == f"/home/anna/{script}"
    quoted = script.replace('"', '\\"').replace("$", "$$")
    assert lines["ExecStart"] == f'"/bin/bash" "/home/anna/{quoted}" --quiet'
    assert lines["Environment"] == '"PATH=/opt/my \\"tools\\"/100%%:/bin"'
    assert lines["Description"].startswith("Sync of /home/anna/a ")


@pytest.mark.parametrize(
    ("every", "calendar"), [("30m", "*:0/30"), ("1h", "hourly"), ("6h", "0/6:00")]
)
def test_a_timer_makes_up_for_a_sleep_and_does_not_run_to_the_second(
    every: str, calendar: str
) -> None:
    lines = lines_of(timer_of(ROOT, every), "timer")
    assert lines["OnCalendar"] == calendar
    assert lines["Persistent"] == "true"
    assert lines["RandomizedDelaySec"].endswith("min")
    assert lines["WantedBy"] == "timers.target"


@pytest.mark.parametrize("make", [units, property_list])
@pytest.mark.parametrize("name", ["a\nExecStart=/bin/x", "a\tb", "a\u202eb"])
def test_a_name_that_does_not_print_is_refused(make: object, name: str) -> None:
    with pytest.raises(LaptopError, match="a timer cannot be given the path of this folder"):
        make(timer_of(Path("/home") / name))  # type: ignore[operator]


def test_a_setting_that_does_not_print_is_refused() -> None:
    timer = FolderTimer(ROOT, "1h", "/bin/bash", {"PATH": "/bin\nUser=root"})
    with pytest.raises(LaptopError, match="a timer cannot be given PATH"):
        units(timer)


@pytest.mark.parametrize(("every", "runs"), [("30m", 48), ("1h", 24), ("6h", 4)])
def test_an_agent_of_launchd_runs_as_often(every: str, runs: int) -> None:
    moments = plistlib.loads(property_list(timer_of(ROOT, every)))["StartCalendarInterval"]
    assert sum(1 if "Hour" in moment else 24 for moment in moments) == runs
    assert len({(one.get("Hour"), one["Minute"]) for one in moments}) == len(moments)
    assert set(INTERVALS) == {"30m", "1h", "6h"}


def test_what_an_agent_of_launchd_runs_finds_the_script_and_ends_without_it(tmp_path: Path) -> None:
    """With a shell in the place of bash: it is given the script and its option."""
    root = tmp_path / HOSTILE
    facts = plistlib.loads(property_list(FolderTimer(root, "1h", "/bin/sh", {"PATH": "/bin"})))
    assert facts["EnvironmentVariables"] == {"PATH": "/bin"}
    gone = subprocess.run(facts["ProgramArguments"], capture_output=True, text=True, check=False)
    assert (gone.returncode, gone.stdout) == (0, "")
    assert (
        gone.stderr == f"broker: {root}/server/scripts/sync_data.sh is gone, nothing was synced\n"
    )
    (root / "server/scripts").mkdir(parents=True)
    (root / "server/scripts/sync_data.sh").write_text('echo "synced $1"; exit 4\n')
    done = subprocess.run(facts["ProgramArguments"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (4, "synced --quiet\n")


def test_an_agent_of_launchd_is_ours_by_its_label_and_what_it_runs() -> None:
    timer = timer_of(ROOT)
    made = property_list(timer)
    assert is_ours(made, timer.name)
    assert not is_ours(made, "data-broker-other")
    foreign = plistlib.dumps({"Label": timer.name, "ProgramArguments": ["/bin/true"]})
    for other in (foreign, b"", b"<plist", plistlib.dumps({"Label": timer.name})):
        assert not is_ours(other, timer.name)


def test_on_windows_no_timer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "IS_WINDOWS", True)
    with pytest.raises(LaptopError, match="this program makes no timer on Windows"):
        command.schedule.main(["status"], standalone_mode=False)
