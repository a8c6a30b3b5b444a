"""The property list of launchd for a folder's timer. Pure."""

from __future__ import annotations

import plistlib
from typing import Any
from xml.parsers.expat import ExpatError

from .timer import FolderTimer, script_of

__all__ = ["is_ours", "property_list"]

# launchd has no condition: without its script the agent ends by itself, with a sentence.
_RUN = (
    '[ -f "$1" ] || { echo "broker: $1 is gone, nothing was synced" >&2; exit 0; }; '
    'exec "$0" "$1" --quiet'
)


def property_list(timer: FolderTimer) -> bytes:
    """The agent; raises ``LaptopError`` for a folder that it cannot name.

    Its moments are of the calendar: after a sleep launchd makes up for one of these, and not for a
    ``StartInterval`` (launchd.plist(5)). The minute is another one for each folder.
    """
    timer.check()
    return plistlib.dumps(
        {
            "Label": timer.name,
            "ProgramArguments": [
                "/bin/sh",
                "-c",
                _RUN,
                timer.bash,
                str(script_of(timer.root)),
            ],
            "StartCalendarInterval": _moments(timer),
            "EnvironmentVariables": dict(timer.environment),
            "ProcessType": "Background",
        }
    )


def _moments(timer: FolderTimer) -> list[dict[str, int]]:
    minute = int(timer.name[-4:], 16) % 30
    if timer.every == "30m":
        return [{"Minute": minute}, {"Minute": minute + 30}]
    if timer.every == "1h":
        return [{"Minute": minute}]
    return [{"Hour": hour, "Minute": minute} for hour in range(0, 24, 6)]


def is_ours(content: bytes, name: str) -> bool:
    """Whether a property list is one that was made here for the timer of this name."""
    try:
        facts: Any = plistlib.loads(content)
        return facts["Label"] == name and _RUN in facts["ProgramArguments"]
    except (plistlib.InvalidFileException, ExpatError, ValueError, LookupError, TypeError):
        return False
