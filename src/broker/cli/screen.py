"""Rich for a terminal, with text shown as it is and safe to show."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import ProgressColumn, Task
from rich.text import Text

from ..foreign.text import shown

__all__ = ["PlainColumn", "Screen"]


class Screen(Console):
    """A console without markup, emoji codes and highlighting."""

    def __init__(self, *, width_of_a_pipe: int | None = None, **options: Any) -> None:
        """``width_of_a_pipe``: no line breaks up to there where a program reads."""
        super().__init__(markup=False, emoji=False, highlight=False, **options)
        if width_of_a_pipe is not None and not self.is_terminal:
            self.width = width_of_a_pipe

    def render_str(self, text: str, **options: Any) -> Text:
        """Rich's hook through which every plain text passes, in tables as well."""
        options |= {"markup": False, "emoji": False, "highlight": False}
        return super().render_str(shown(text), **options)


class PlainColumn(ProgressColumn):
    """One field of a task of a progress display."""

    def __init__(self, field: str | None = None) -> None:
        """``field`` is one of the task's own; without one, its description."""
        super().__init__()
        self._field = field

    def render(self, task: Task) -> Text:
        """Rich's hook for what to show now."""
        return Text(shown(task.fields[self._field] if self._field else task.description))
