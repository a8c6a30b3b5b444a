"""The commands on the host, on a host in a folder."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from broker.accounts.debian.host import Host
from broker.accounts.records.paths import HostPaths
from broker.cli import accounts as commands
from broker.errors import AccountsError
from tests.unit.accounts.scratch import ScratchSystem, public_key

KEY = public_key("anna", "anna@laptop")
Type = Callable[..., Result]


@pytest.fixture
def type_in(layout: HostPaths, system: ScratchSystem) -> Type:
    def _type(*words: str) -> Result:
        host = Host(layout, system)
        return CliRunner().invoke(commands.analyst, words, obj=host)

    return _type


def test_add_list_and_remove(type_in: Type) -> None:
    added = type_in("add", "anna", KEY, "--private", "--email", "anna@example.com")
    assert added.exit_code == 0
    assert added.output.startswith("anna: set up (uid 1501, public and private data, SHA256:")
    assert "nothing to do" in type_in("add", "anna", KEY).output
    assert "public data, " in type_in("add", "anna", "--no-private").output

    rows = json.loads(type_in("list", "--json").output)
    assert [(row["name"], row["private"], row["host"]) for row in rows] == [("anna", False, "ok")]
    head, line = (" ".join(text.split()) for text in type_in("list").output.splitlines())
    assert head == "NAME UID DATA LOGIN ORIGIN HOST LAST-SYNC MB FILES E-MAIL KEYS"
    assert line.split()[:5] == ["anna", "1501", "public", "transfer", "registry"]
    assert rows[0]["space"]["files"] == 6
    assert " 6 " in line

    assert "removed" in type_in("remove", "anna").output
    assert "no analysts yet" in type_in("list").output
    assert json.loads(type_in("list", "--json").output) == []


def test_a_home_is_deleted_on_demand(type_in: Type, layout: HostPaths) -> None:
    type_in("add", "anna", KEY)
    assert "deleted" in type_in("remove", "anna", "--delete-home").output
    assert list(layout.at(layout.archive).iterdir()) == []


def test_removing_nobody_is_an_error_with_a_hint(type_in: Type) -> None:
    type_in("add", "anna", KEY)
    for name, hint in (("ana", "Did you mean anna?"), ("tom", "list-analysts")):
        error = type_in("remove", name).exception
        assert isinstance(error, AccountsError)
        assert hint in str(error)


@pytest.mark.parametrize(
    ("program", "words", "message"),
    [
        (commands.add_analyst, ["add-analyst", "Anna", KEY], "not a valid user name"),
        (commands.add_analyst, ["add-analyst", "root", KEY], "reserved"),
        (commands.add_analyst, ["add-analyst", "anna", f"pty {KEY}"], "options stand before"),
        (commands.add_analyst, ["add-analyst"], "Missing argument 'NAME'"),
        (commands.list_analysts, ["list-analysts", "--csv"], "No such option"),
    ],
)
def test_bad_input_is_one_line_on_stderr_and_exit_code_2(
    program: Callable[[], None],
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(SystemExit) as left:
        program()
    shown = capsys.readouterr()
    assert left.value.code == 2
    assert shown.out == ""
    assert message in shown.err
    assert shown.err.splitlines()[-1].startswith((f"{words[0]}: ", "Error: "))
