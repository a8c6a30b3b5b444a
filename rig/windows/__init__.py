"""A Python of Windows, run by wine: to see what the laptop's program does there."""

from .system import Windows, WindowsError, windows

__all__ = ["Windows", "WindowsError", "windows"]
