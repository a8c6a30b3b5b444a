"""A browser for tests: Debian's Chromium, driven by Playwright, and axe-core to judge pages.

axe-core is locked in ``package-lock.json`` beside this.
"""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Error, sync_playwright

from rig.node import NodeError, locked_packages

__all__ = ["BrowserError", "BrowserMissingError", "axe_script", "browser"]

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# Root, as in a container, cannot have Chromium's own sandbox; the pages are the tests' own.
OPTIONS = ("--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none")


class BrowserError(Exception):
    """A browser does not start; the text says why."""


class BrowserMissingError(BrowserError):
    """There is no browser here, or axe-core cannot be had; the text says why."""


@contextmanager
def browser(before: Sequence[str] = ()) -> Iterator[Browser]:
    """A Chromium without a window; raises ``BrowserMissingError`` where there is none.

    ``before`` are words of a command that starts it, such as ``nsenter --net=…``.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise BrowserMissingError("Chromium is not installed: apt-get install chromium")
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        if before:
            program = str(_started_by([*before, program], Path(folder)))
        try:
            started = playwright.chromium.launch(executable_path=program, args=list(OPTIONS))
        except Error as error:
            raise BrowserError(str(error).strip()[:500]) from error
        try:
            yield started
        finally:
            started.close()


def _started_by(command: Sequence[str], folder: Path) -> Path:
    """A program that is this command, for Playwright, which takes one word."""
    script = folder / "chromium"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    script.chmod(0o755)
    return script


def axe_script() -> str:
    """axe-core, to be run in a page; raises ``BrowserMissingError`` without it."""
    try:
        return (locked_packages(HERE, "axe") / "axe-core" / "axe.min.js").read_text()
    except (NodeError, RuntimeError) as error:
        raise BrowserMissingError(f"axe-core cannot be had: {error}") from error
