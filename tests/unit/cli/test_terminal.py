"""What a source says is shown, and does nothing else."""

from __future__ import annotations

import io
import json
import logging

import pytest
from rich.table import Table

from broker.cli.progress import Live, fields
from broker.cli.screen import Screen
from broker.cli.terminal import log_to_stderr, say, say_document, say_json
from broker.sync.report import TableOutcome

HOSTILE = "[/y] [red]x[/] :smile: \x1b]0;owned\x07\x9b2J\u202egnp.\u200b\nbroker: all is well"
SHOWN = r"[/y] [red]x[/] :smile: \x1b]0;owned\x07\x9b2J\u202egnp.\u200b\nbroker: all is well"


def test_a_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say(HOSTILE, "next")
    say(HOSTILE, err=True)
    assert capsys.readouterr() == (f"{SHOWN}\nnext\n", f"{SHOWN}\n")


def test_a_document_keeps_its_own_lines(capsys: pytest.CaptureFixture[str]) -> None:
    say_document("# Tables\n\n\x1b[2J\n")
    assert capsys.readouterr().out == "# Tables\n\n\\x1b[2J\n"


def test_json_is_the_same_to_a_program_and_safe_to_a_person(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say_json({"name": HOSTILE, "city": "Plzeň"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["name"] == HOSTILE
    assert line.isprintable()
    assert "Plzeň" in line


def test_rich_reads_no_markup_and_passes_no_escape_sequence() -> None:
    file = io.StringIO()
    screen = Screen(file=file, width=200)
    table = Table(HOSTILE, title=HOSTILE)
    table.add_row(HOSTILE)
    screen.print(table)
    screen.print(HOSTILE)
    assert file.getvalue().count(SHOWN) == 4


def test_a_live_view_shows_a_table_of_any_name() -> None:
    file = io.StringIO()
    with Live(1, Screen(file=file, force_terminal=True, width=300)) as live:
        live.phase(HOSTILE, HOSTILE)
        live.done(TableOutcome(HOSTILE, "failed", rows=0, error=HOSTILE))
    assert SHOWN in file.getvalue()
    assert "\x1b]0" not in file.getvalue()


def test_a_line_of_a_log_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    kept = root.handlers[:]
    root.handlers.clear()
    log_to_stderr()
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("broker").exception("%s", fields(error=HOSTILE))
    root.handlers[:] = kept
    shown = capsys.readouterr().err
    assert shown.splitlines()[0].startswith('ERROR error="[/y]')
    assert all(line.isprintable() for line in shown.splitlines())
