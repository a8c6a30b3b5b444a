"""An iterator that runs ahead in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Generic, TypeVar

__all__ = ["LateError", "ahead"]

Item = TypeVar("Item")

_END_SECONDS = 10  # for a thread to end whose items are no longer taken


class LateError(Exception):
    """No item came in time."""


def ahead(
    make: Callable[[], Iterator[Item]],
    *,
    name: str,
    seconds_left: Callable[[], float] | None = None,
) -> Iterator[Item]:
    """Yield what an iterator yields, one item ahead; its error is raised here.

    Raises ``LateError`` when no item came within ``seconds_left()``. The thread, a daemon of
    this ``name``, is then left behind: what it waits for may never come.
    """
    producer = _Producer(make)
    thread = threading.Thread(target=producer.run, name=name, daemon=True)
    thread.start()
    patience = _END_SECONDS
    try:
        while (item := producer.next(seconds_left)) is not None:
            yield item
    except LateError:
        patience = 0
        raise
    finally:
        producer.stop.set()
        thread.join(timeout=patience)  # what hangs must not hang what ends because of it


class _Producer(Generic[Item]):
    """The two ends of a queue that holds one item, an error, or None at the end."""

    def __init__(self, make: Callable[[], Iterator[Item]]) -> None:
        self._make = make
        self._items: queue.Queue[Item | BaseException | None] = queue.Queue(1)
        self.stop = threading.Event()

    def run(self) -> None:
        try:
            for item in self._make():
                self._put(item)
                if self.stop.is_set():
                    return
            self._put(None)
        except BaseException as error:  # whatever it is, the reader raises it
            self._put(error)

    def next(self, seconds_left: Callable[[], float] | None) -> Item | None:
        timeout = None if seconds_left is None else max(0.0, seconds_left())
        try:
            item = self._items.get(timeout=timeout)
        except queue.Empty:
            raise LateError from None
        if isinstance(item, BaseException):
            raise item
        return item

    def _put(self, item: Item | BaseException | None) -> None:
        done = False
        while not done and not self.stop.is_set():
            with suppress(queue.Full):
                self._items.put(item, timeout=0.1)
                done = True
