"""The only way from this program to a person: a broker's words never act on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from typing import Any

import click

from ..foreign.text import readable_json, shown

__all__ = ["Meter", "say", "say_data", "say_json", "warn"]


def say(*lines: object) -> None:
    """Print each argument as one line."""
    for line in lines:
        click.echo(shown(line))


def warn(*lines: object) -> None:
    """The same where a pipe does not take it for an answer."""
    for line in lines:
        click.echo(shown(line), err=True)


def say_data(lines: Iterable[str]) -> None:
    """Print lines for a program exactly as they are; a terminal gets them safe to show."""
    stream = sys.stdout.buffer
    is_terminal = _is_terminal()
    for line in lines:
        stream.write((shown(line) if is_terminal else line).encode() + b"\n")
    stream.flush()


def _is_terminal() -> bool:
    return sys.stdout.isatty()


def say_json(value: Any) -> None:
    """Print the value for a program."""
    click.echo(readable_json(value))


class Meter:
    """How far a transfer is, on one line of a terminal that is written over and over."""

    _PAUSE_SECONDS = 0.2

    def __init__(self, *, is_shown: bool) -> None:
        """Shown only where a person looks."""
        self._is_shown = is_shown and sys.stderr.isatty()
        self._total = 0
        self._began = time.monotonic()
        self._shown_at = 0.0

    def begin(self, total: int) -> None:
        """``total`` are the bytes that are to come, at most."""
        self._total = total
        self._began = time.monotonic()

    def show(self, done: int) -> None:
        """Say how many bytes have come, and how long the rest takes at that pace."""
        now = time.monotonic()
        if not self._is_shown or not self._total or now - self._shown_at < self._PAUSE_SECONDS:
            return
        self._shown_at = now
        share = min(done / self._total, 1.0)
        left = (now - self._began) * (1 - share) / share if share else 0.0
        words = f"{done / 1e6:,.1f} of {self._total / 1e6:,.1f} MB, {left:,.0f} s left"
        click.echo(f"\r{words:<60}", nl=False, err=True)

    def clear(self) -> None:
        """Make room for a line of text."""
        if self._is_shown and self._shown_at:
            click.echo(f"\r{'':<60}\r", nl=False, err=True)
            self._shown_at = 0.0
