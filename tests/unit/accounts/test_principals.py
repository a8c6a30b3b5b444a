"""The answer to sshd: a certificate counts only as a whole, and only while its end is to come."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.accounts.principals import main, principal
from broker.accounts.records.certificates import Certificate
from broker.accounts.records.paths import HostPaths
from broker.accounts.records.valid_certificates import accepts, render_valid

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
ISSUED = [
    Certificate(7, "anna", 1501, "SHA256:A", False, "", "2026-11-23T20:00:00Z"),
    Certificate(8, "bob", 1502, "SHA256:B", False, "", "2026-11-23T08:00:00Z"),
]
LIST = render_valid(ISSUED, "SHA256:CA")


def test_the_list_tells_a_reader_nothing_but_digests_and_ends() -> None:
    assert len(LIST.splitlines()) == 2
    assert not [word for word in ("anna", "bob", "SHA256", "CA") if word in LIST]
    assert render_valid(reversed(ISSUED), "SHA256:CA") == LIST


@pytest.mark.parametrize(
    ("facts", "accepted"),
    [
        (("anna", "7", "SHA256:A", "SHA256:CA"), True),
        (("anna", "0", "SHA256:A", "SHA256:CA"), False),
        (("anna", "8", "SHA256:A", "SHA256:CA"), False),
        (("anna", "07", "SHA256:A", "SHA256:CA"), False),
        (("anna", "7", "SHA256:B", "SHA256:CA"), False),
        (("bob", "7", "SHA256:A", "SHA256:CA"), False),
        (("anna", "7", "SHA256:A", "SHA256:other"), False),
        (("bob", "8", "SHA256:B", "SHA256:CA"), False),
        (("anna\n7", "SHA256:A", "SHA256:CA", ""), False),
        (("", "", "", ""), False),
    ],
)
def test_all_four_facts_and_the_end_have_to_agree(
    facts: tuple[str, str, str, str], accepted: bool
) -> None:
    assert accepts(LIST, *facts, NOW) is accepted


@pytest.fixture
def layout(tmp_path: Path) -> HostPaths:
    layout = HostPaths(root=tmp_path)
    layout.at(layout.keys).mkdir(parents=True)
    (layout.at(layout.keys) / "anna").touch()
    layout.at(layout.valid_certificates).write_text(LIST)
    return layout


def test_an_account_without_a_key_file_has_no_session(layout: HostPaths) -> None:
    facts = ("anna", "7", "SHA256:A", "SHA256:CA")
    assert principal(*facts, layout, NOW) == "anna"
    (layout.at(layout.keys) / "anna").unlink()
    assert principal(*facts, layout, NOW) is None
    assert principal("../keys", *facts[1:], layout, NOW) is None
    layout.at(layout.valid_certificates).unlink()
    assert principal(*facts, layout, NOW) is None


@pytest.mark.parametrize("words", [[], ["anna"], ["anna", "7", "SHA256:A", "SHA256:CA"]])
def test_the_program_prints_no_principal_that_it_cannot_find(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["broker-principals", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code
    assert capsys.readouterr().out == ""
