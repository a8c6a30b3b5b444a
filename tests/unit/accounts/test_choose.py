"""The choice of datasets on its way to laptops: where it is written, and what is refused."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from broker.accounts.choose import choose_left_out
from broker.accounts.debian.host import Host
from broker.accounts.debian.settings_folder import read_chosen, write_chosen
from broker.accounts.manage import converge, list_analysts
from broker.accounts.records.model import parse_request
from broker.audit.reading import read_log
from broker.errors import AccountsError
from broker.foreign.dataset_choice import MOST_LEFT_OUT
from broker.hostpaths import AUDIT_LOG
from tests.unit.accounts.scratch import ScratchSystem, make_root, public_key


@pytest.fixture
def host(tmp_path: Path) -> Host:
    layout = make_root(tmp_path)
    made = Host(layout, ScratchSystem(layout.root))
    anna, sheila = (parse_request(name, keys=[public_key(name)]) for name in ("anna", "sheila"))
    boss = parse_request("boss", keys=[public_key("boss")], role="operator")
    converge([anna, replace(sheila, shell=True), boss], made)  # noqa: S604 - a login shell
    return made


def server(host: Host, name: str) -> Path:
    return host.layout.at(host.layout.home(name)) / "server"


def test_a_choice_stands_where_the_laptop_finds_it_and_replaces_the_one_before(host: Host) -> None:
    first = choose_left_out("anna", host, ["crm", "web"])
    second = choose_left_out("anna", host, [])
    folder = server(host, "anna") / "settings"
    assert first.id != second.id
    assert read_chosen(host.layout.at(host.layout.homes), "anna", host.system) == second
    assert [one.name for one in folder.iterdir()] == ["datasets.json"]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "datasets.json")]
    assert modes == [0o755, 0o644]
    events = read_log(host.layout.at(AUDIT_LOG)).events
    acts = [one.detail["without"] for one in events if one.action == "analyst.datasets"]
    assert [*acts] == [["crm", "web"], []]
    rows = {row["name"]: row["datasets"] for row in list_analysts(host, measured=False)}
    assert rows["anna"]["id"] == second.id
    assert rows["sheila"] is None


def test_the_same_choice_stays_and_is_on_record_once(host: Host) -> None:
    first = choose_left_out("anna", host, ["crm"])
    assert choose_left_out("anna", host, ["crm", "crm"]) == first
    events = read_log(host.layout.at(AUDIT_LOG)).events
    assert sum(one.action == "analyst.datasets" for one in events) == 1


def test_of_two_choices_at_once_the_second_is_refused(host: Host) -> None:
    first = choose_left_out("anna", host, ["crm"], seen="")
    for seen in ("", "0" * 16):
        with pytest.raises(AccountsError, match="made meanwhile"):
            choose_left_out("anna", host, ["web"], seen=seen)
    assert choose_left_out("anna", host, ["web"], seen=first.id).without == ("web",)


def test_the_list_says_of_a_damaged_file_that_it_is_damaged(host: Host) -> None:
    choose_left_out("anna", host, ["crm"])
    (server(host, "anna") / "settings/datasets.json").write_text("{")
    (row,) = list_analysts(host, "anna", measured=False)
    assert "settings/datasets.json" in row["datasets"]["problem"]
    choose_left_out("anna", host, ["crm"])
    (row,) = list_analysts(host, "anna", measured=False)
    assert row["datasets"]["without"] == ["crm"]


@pytest.mark.parametrize("name", ["nobody-here", "boss"])
def test_only_an_analyst_has_a_choice(host: Host, name: str) -> None:
    with pytest.raises(AccountsError):
        choose_left_out(name, host, [])


@pytest.mark.parametrize(
    "names", [["a\nb"], [""], ["x" * 201], [f"d{n}" for n in range(MOST_LEFT_OUT + 1)]]
)
def test_an_invalid_list_changes_nothing(host: Host, names: list[str]) -> None:
    before = choose_left_out("anna", host, ["crm"])
    with pytest.raises(AccountsError, match="not a list of datasets"):
        choose_left_out("anna", host, names)
    assert read_chosen(host.layout.at(host.layout.homes), "anna", host.system) == before


def test_root_writes_into_no_folder_of_another(host: Host, tmp_path: Path) -> None:
    """An analyst with a shell owns the home, and may swap server/ at any moment."""
    homes, away = host.layout.at(host.layout.homes), tmp_path / "elsewhere"
    (away / "settings").mkdir(parents=True)
    choice = choose_left_out("sheila", host, ["crm"])
    place = server(host, "sheila")
    place.rename(place.with_name("moved"))
    place.symlink_to(away)
    with pytest.raises(OSError, match="server"):
        write_chosen(homes, "sheila", choice, host.system)
    place.unlink()
    away.rename(place)
    uid = next(one["uid"] for one in list_analysts(host, measured=False) if one["name"] == "sheila")
    descriptor = os.open(place, os.O_RDONLY)
    host.system.set_owner(descriptor, uid, uid)
    os.close(descriptor)
    with pytest.raises(PermissionError, match="not root's"):
        write_chosen(homes, "sheila", choice, host.system)
    assert [*(place / "settings").iterdir()] == []
    assert choose_left_out("sheila", host, ["web"]).without == ("web",)  # server/ is mended first
    assert read_chosen(homes, "sheila", host.system) is not None
