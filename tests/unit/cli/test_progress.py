"""What a run says in a journal and on a terminal."""

from __future__ import annotations

import io
import logging

import pytest

from broker.cli.progress import Lines, Live, fields
from broker.cli.screen import Screen
from broker.sync.report import TableOutcome

GOOD = TableOutcome("shop/orders", "ok", rows=1200, bytes_written=10, seconds=0.5)
BAD = TableOutcome("shop/items", "failed", rows=7, error='no file "items.csv"')


def test_fields_are_one_line_that_can_be_cut_at_blanks() -> None:
    line = fields(table="a/b", error='say "hi"\nthere', rows=3, absent=None, empty="")
    assert line == 'table=a/b error="say \\"hi\\" there" rows=3 empty=""'


def test_each_table_and_phase_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "broker.sync")
    lines = Lines()
    lines.phase("shop/orders", "read")
    lines.advance("shop/orders", 100, 1000)
    lines.done(GOOD)
    lines.done(BAD)
    assert caplog.messages == [
        "table=shop/orders phase=read",
        "table=shop/orders phase=done status=ok rows=1200 rejects=0 duplicates=0 bytes=10 "
        "seconds=0.50",
        "table=shop/items phase=done status=failed rows=7 rejects=0 duplicates=0 bytes=0 "
        'seconds=0.00 error="no file \\"items.csv\\""',
    ]
    assert [record.levelname for record in caplog.records] == ["INFO", "INFO", "ERROR"]


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that moves its cursor, wherever the tests run."""
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.usefixtures("_terminal")
def test_a_terminal_shows_how_much_is_to_come() -> None:
    for rows, size, half in ((2000, 10, (1000, 1)), (None, 8_000_000, (1000, 4_000_000))):
        screen = io.StringIO()
        with Live(1, Screen(file=screen, force_terminal=True, width=120)) as live:
            live.phase("shop/orders", "read")
            live.expect("shop/orders", rows, size)
            live.advance("shop/orders", *half)
        assert " 50%" in screen.getvalue()


@pytest.mark.usefixtures("_terminal")
def test_a_terminal_shows_rows_as_they_pass_and_keeps_what_ended() -> None:
    screen = io.StringIO()
    with Live(2, Screen(file=screen, force_terminal=True, width=120)) as live:
        live.phase("shop/orders", "read")
        live.advance("shop/orders", 1000, 5_000_000)
        live.done(GOOD)
        live.phase("shop/items", "read")
        live.done(BAD)
    shown = screen.getvalue()
    assert "shop/orders: ok, 1,200 rows, 0.5 s" in shown
    assert "shop/items: failed, 7 rows" in shown
