"""Faults at the border to the operating system: one call fails, or none works any more."""

from __future__ import annotations

import errno
import gc
import io
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

CALLS = (
    "chmod",
    "chown",
    "fchmod",
    "fchown",
    "fsync",
    "link",
    "mkdir",
    "open",
    "rename",
    "replace",
    "rmdir",
    "symlink",
    "unlink",
)


@contextmanager
def old_heap_aside() -> Iterator[None]:
    """Have ``drop_locks`` look only at what is made from here on, not at all of pytest's heap."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def drop_locks() -> None:
    """Drop the locks of a run that crashed, as the kernel does at the end of its process."""
    gc.collect()


class Crash(BaseException):
    """The process ends here: nothing after it happens, not even cleaning up."""


class Faults:
    """Counts the calls that change a file system, and lets the one of a number go wrong.

    ``at`` counts from 1 (0: none fails); with ``is_crash`` that call and all later ones raise
    ``Crash``, otherwise that one alone an ``OSError``.
    """

    def __init__(self, at: int = 0, *, is_crash: bool = False) -> None:
        self.names: list[str] = []
        self._at = at
        self._is_crash = is_crash

    @property
    def calls(self) -> int:
        """How many there were."""
        return len(self.names)

    def around(self, name: str, reach: int) -> set[int]:
        """The numbers of the calls of this name, and of those just before and after."""
        found = (number for number, one in enumerate(self.names, start=1) if one == name)
        return {near for number in found for near in range(number - reach, number + reach + 1)}

    def step(self, name: str) -> None:
        """One call is about to happen."""
        self.names.append(name)
        if self._at and self._is_crash and self.calls >= self._at:
            raise Crash
        if self.calls == self._at:
            raise OSError(errno.EIO, "injected")


@contextmanager
def injected(faults: Faults) -> Iterator[Faults]:
    """Route the calls of this process through ``faults``."""
    with ExitStack() as stack:
        for name in CALLS:
            stack.enter_context(patch.object(os, name, _counted(getattr(os, name), faults)))
        stack.enter_context(patch.object(io, "open", _counted(io.open, faults)))
        yield faults


def _counted(call: Callable[..., Any], faults: Faults) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        if not _reads(call, arguments):
            faults.step(call.__name__)
        return call(*arguments, **options)

    return counted


def _reads(call: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Opening a descriptor to be written counts, also of a folder to be synced; reading not."""
    if call is io.open or call.__name__ == "open":
        mode = arguments[1] if len(arguments) > 1 else "r"
        return not any(letter in mode for letter in "wxa+") if isinstance(mode, str) else False
    return False
