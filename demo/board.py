"""What a person sees while the demo runs: steps with their times, some of them side by side.

On a terminal a live view; elsewhere plain lines, and never silence for more than a few seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

__all__ = ["Board", "Step"]

SILENCE_SECONDS = 4.0


@dataclass
class Step:
    """One thing that is being done. ``result`` is what its last line says."""

    title: str
    began: float = field(default_factory=time.monotonic)
    detail: str = ""
    result: str = ""
    seconds: float | None = None

    def say(self, text: str) -> None:
        """What it is doing right now."""
        self.detail = " ".join(text.split())


class Board:
    """The steps of one run, in the order in which they began."""

    def __init__(self, console: Console) -> None:
        """Shows itself between ``with`` and its end."""
        self.console = console
        self.steps: list[Step] = []
        self._tasks: dict[str, TaskID] = {}
        self._ended = threading.Event()
        self._ticker = threading.Thread(target=self._tick, daemon=True)
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TextColumn("[dim]{task.fields[detail]}", table_column=None),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )

    def __enter__(self) -> Board:
        self._live.start()
        self._ticker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._ticker.join()
        self._live.stop()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show a step as long as the block runs; then one line with its result and time stays."""
        step = Step(title)
        self.steps.append(step)
        self._tasks[title] = self._live.add_task(escape(title), total=None, detail="")
        if not self.console.is_terminal:
            self._print(f"[dim]·[/] {escape(title)} …")
        try:
            yield step
        except BaseException:
            self._end(step, "[red]✗[/]")
            raise
        self._end(step, "[green]✓[/]")

    def _end(self, step: Step, mark: str) -> None:
        step.seconds = time.monotonic() - step.began
        self._live.remove_task(self._tasks.pop(step.title))
        result = f": {escape(step.result)}" if step.result else ""
        self._print(f"{mark} {escape(step.title)}{result} [dim]({step.seconds:.1f} s)[/]")

    def _print(self, text: str) -> None:
        self.console.print(text, highlight=False, soft_wrap=True)

    def _tick(self) -> None:
        pause = 0.2 if self.console.is_terminal else SILENCE_SECONDS
        while not self._ended.wait(pause):
            for step in [step for step in list(self.steps) if step.seconds is None]:
                self._show(step)

    def _show(self, step: Step) -> None:
        if self.console.is_terminal:
            task = self._tasks.get(step.title)
            if task is not None:
                room = max(20, self.console.width - len(step.title) - 20)
                self._live.update(task, detail=escape(step.detail[:room]))
            return
        waited = time.monotonic() - step.began
        if waited < SILENCE_SECONDS / 2:
            return
        detail = f": {step.detail}" if step.detail else ""
        self._print(f"[dim]  {escape(step.title)}{escape(detail[:120])} ({waited:.0f} s)[/]")
