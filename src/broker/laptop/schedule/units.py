"""The units of systemd for a folder's timer. Pure.

Escapes are those of systemd.syntax(7) and "COMMAND LINES" of systemd.service(5): ``%`` begins a
specifier everywhere, ``$`` a variable in ``ExecStart=`` alone, and quotes take C's escapes.
``ConditionPathExists=`` takes neither quotes nor escapes but ``%``.
"""

from __future__ import annotations

from .timer import INTERVALS, FolderTimer, script_of

__all__ = ["MARK", "units"]

MARK = "# Made by the data broker: bash server/scripts/broker.sh schedule off removes it.\n"
# The second is how late a run may be: laptops of one company do not all come at the same moment.
_CALENDAR = {"30m": ("*:0/30", "5min"), "1h": ("hourly", "10min"), "6h": ("0/6:00", "30min")}
# Synced, but some tables are older than promised; another sync is running: nothing to report.
_FINE = "3 75"


def units(timer: FolderTimer) -> dict[str, str]:
    """The content of each unit by its name; raises ``LaptopError`` for a path they cannot hold."""
    timer.check()
    calendar, delay = _CALENDAR[timer.every]
    script = str(script_of(timer.root))
    settings = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in timer.environment.items()
    )
    line = " ".join([_quoted(timer.bash), _quoted(script, variables=True), "--quiet"])
    title = f"Description=Sync of {_literal(str(timer.root))}"
    return {
        f"{timer.name}.service": f"""\
{MARK}[Unit]
{title}
ConditionPathExists={_literal(script)}

[Service]
Type=oneshot
ExecStart={line}
{settings}SuccessExitStatus={_FINE}
Nice=10
""",
        f"{timer.name}.timer": f"""\
{MARK}[Unit]
{title}, {INTERVALS[timer.every]}

[Timer]
OnCalendar={calendar}
RandomizedDelaySec={delay}
Persistent=true

[Install]
WantedBy=timers.target
""",
    }


def _literal(text: str) -> str:
    return text.replace("%", "%%")


def _quoted(text: str, *, variables: bool = False) -> str:
    """One word, whatever is in it; ``variables`` where systemd replaces ``$NAME``."""
    escaped = _literal(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("$", "$$") if variables else escaped}"'
