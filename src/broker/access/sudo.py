"""What sudo allows, as reported by sudo itself: rules made by hand do not show in any group."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterable

from .policy import Reader
from .proof import Violation

__all__ = ["sudo_violations"]

_RULES = "/etc/sudoers"
_OURS = "(ALL : ALL) NOPASSWD: ALL"
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def sudo_violations(
    readers: Iterable[Reader], ask: Callable[[str], str] | None = None
) -> tuple[int, list[Violation]]:
    """The number of checked accounts with a shell, and what is wrong with their rights."""
    checked = [one for one in readers if one.shell and one.holds(())]
    if ask is None and shutil.which("sudo", path=_ENVIRONMENT["PATH"]) is None:
        return 0, []
    problems = ((one, _problem(one, (ask or _ask)(one.name))) for one in checked)
    return len(checked), [Violation(one.name, _RULES, why) for one, why in problems if why]


def _problem(reader: Reader, output: str) -> str | None:
    """sudo -l ends in a line for each rule, after a sentence that begins so: see sudo(8)."""
    if f"User {reader.name} is not allowed to run sudo" in output:
        return "gives no sudo, and the registry does" if reader.sudo else None
    if f"User {reader.name} may run the following commands" not in output:
        return "cannot be checked: sudo does not report what this account may do"
    ours = _OURS in map(str.strip, output.splitlines())
    if reader.sudo:
        return None if ours else "gives no sudo without a password, and the registry does"
    return "gives sudo, and the registry does not"


def _ask(name: str) -> str:
    line = ["sudo", "-n", "-l", "-U", name]
    done = subprocess.run(line, check=False, capture_output=True, text=True, env=_ENVIRONMENT)
    return done.stdout
