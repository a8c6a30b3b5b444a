"""Which of the broker's tables a folder holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.foreign.dataset_choice import DatasetChoice
from broker.laptop.choice import TableChoice, chosen, read_choice, write_choice
from broker.laptop.passed_choice import followed
from broker.manifest import Manifest, TableEntry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MANIFEST = Manifest(
    "g",
    NOON,
    (
        TableEntry("in.orders", "orders", "shop/orders", dataset="shop"),
        TableEntry("crm.orders", "orders", "crm/orders", dataset="crm"),
        TableEntry("in.stores", "stores", "shop/stores"),
    ),
)


def paths(choice: TableChoice) -> list[str]:
    return [entry.path for entry in chosen(MANIFEST, choice).tables]


def test_everything_unless_something_is_left_out() -> None:
    assert paths(TableChoice()) == ["shop/orders", "crm/orders", "shop/stores"]
    assert paths(TableChoice(without=("crm",))) == ["shop/orders", "shop/stores"]
    assert paths(TableChoice(tables=("stores", "crm/orders"))) == ["crm/orders", "shop/stores"]


def test_a_table_may_be_named_as_its_view_is() -> None:
    assert paths(TableChoice(tables=("crm_orders",))) == ["crm/orders"]


def test_a_dataset_that_is_left_out_stays_so_beside_tables() -> None:
    assert paths(TableChoice(("crm",), ("crm/orders", "stores"))) == ["shop/stores"]
    assert paths(TableChoice(("crm",), ("orders",))) == ["shop/orders"]
    with pytest.raises(LaptopError, match="leaves none of the 3 tables; found crm_orders, without"):
        paths(TableChoice(("crm",), ("crm_orders",)))


def test_a_view_keeps_its_name_when_its_namesake_is_left_out() -> None:
    names = chosen(MANIFEST, TableChoice(without=("crm",))).view_names
    assert names == {"shop/orders": "shop_orders", "shop/stores": "stores"}


def test_a_name_that_is_misspelt_is_refused_and_one_that_is_gone_is_not() -> None:
    with pytest.raises(LaptopError, match="Did you mean crm"):
        paths(TableChoice(without=("crn",)))
    assert len(paths(TableChoice(without=("weather",)))) == 3


def test_what_the_portal_leaves_out_counts_where_the_folder_does_not_decide() -> None:
    passed = DatasetChoice("0" * 16, NOON, ("crm", "gone"))
    assert paths(followed(TableChoice(), passed)) == ["shop/orders", "shop/stores"]
    assert len(paths(followed(TableChoice(without=()), passed))) == 3
    assert len(paths(followed(TableChoice(), None))) == 3
    # A dataset that is gone may be called nearly as another one is: nobody typed it here.
    near = DatasetChoice("0" * 16, NOON, ("crn",))
    assert len(paths(followed(TableChoice(), near))) == 3
    everything = replace(passed, without=("crm", "shop"))
    with pytest.raises(LaptopError, match=r"the choice in the portal.*leaves none of the 3"):
        paths(followed(TableChoice(tables=("orders",)), everything))


def test_a_folder_that_does_not_decide_writes_no_line_about_datasets(tmp_path: Path) -> None:
    place = tmp_path / "broker.toml"
    write_choice(place, TableChoice(tables=("orders",)))
    assert "without =" not in place.read_text()
    assert read_choice(place) == TableChoice(tables=("orders",))
    write_choice(place, TableChoice(without=()))
    assert "without = []" in place.read_text()
    assert read_choice(place).without == ()


def test_a_file_of_notepad_is_read(tmp_path: Path) -> None:
    place = tmp_path / "broker.toml"
    place.write_bytes(b'\xef\xbb\xbfwithout = ["crm"]\r\n')
    assert read_choice(place) == TableChoice(("crm",))


def test_it_is_kept_and_read_as_the_analyst_writes_it(tmp_path: Path) -> None:
    place = tmp_path / "broker.toml"
    assert read_choice(place) == TableChoice()
    choice = TableChoice(("crm",), ('odd "name"\n',), "2 GB", "7 days", "mine")
    write_choice(place, choice)
    assert read_choice(place) == choice
    place.write_text('without = ["crm"] # mine\n')
    write_choice(place, TableChoice(("crm",)))
    assert place.read_text() == 'without = ["crm"] # mine\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("without = [", "expected TOML"),
        ("without = 'crm'", "without is not a list of names"),
        ("limit = 5", "limit is not a size"),
        ("limit = 'x'", "broker.toml: this is not a size.*found x"),
        ("withot = []", "found withot"),
        ("history = 7", "history is not a number of days.* found 7"),
        ('history = "7 weeks"', "expected text as .7 days.*found 7 weeks"),
        ('history = "0 days"', "found 0 days"),
        ('history = " 7 days"', "history is not a number of days"),
        ("history = true", "found True"),
        ("history = []", "history is not a number of days"),
        ("sessions = 'all'", "expected none or mine or broker; found all"),
        ("sessions = ['mine']", "expected none or mine or broker"),
        ("sessions = true", "the value of sessions is not known"),
        (b"\xff", "expected TOML"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    place = tmp_path / "broker.toml"
    place.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(LaptopError, match=words) as caught:
        read_choice(place)
    assert "broker.toml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "days"),
    [("", 0), ('history = "none"', 0), ('history = "7 days"', 7), ('history = "1 day"', 1)],
)
def test_history_is_a_number_of_days(tmp_path: Path, text: str, days: int) -> None:
    place = tmp_path / "broker.toml"
    place.write_text(text)
    choice = read_choice(place)
    assert choice.history_days == days
    write_choice(place, replace(choice, without=("crm",)))
    assert read_choice(place).history == choice.history
