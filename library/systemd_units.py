#!/usr/bin/python
# Apache License 2.0 (see LICENSE)
"""Ansible module: several units of systemd that belong together, in one call."""

from __future__ import annotations

DOCUMENTATION = r"""
---
module: systemd_units
short_description: Ensure that units of systemd are as described, and run
version_added: "0.2.0"
description:
  - Writes units that belong together to C(/etc/systemd/system), and enables and starts some of
    them; or stops and removes all.
  - New text is verified with C(systemd-analyze verify), all units together, before any changes.
extends_documentation_fragment: turn
options:
  units:
    description: The text of each unit by its name. To remove them, only the names count.
    type: dict
    required: true
  started:
    description: Which of them are enabled and running.
    type: list
    elements: str
    default: []
  restarted:
    description: Which of them are restarted where any of the units is new or changed.
    type: list
    elements: str
    default: []
  state:
    description: Whether the units are there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Tells what would be done; whether systemd takes it shows only then.
    support: full
  diff_mode:
    description: Shows every text, and which units did not run, before and after.
    support: full
  idempotent:
    description: A second run with the same input changes nothing.
    support: full
requirements:
  - systemd, root
author:
  - The data broker project
"""

EXAMPLES = r"""
- name: Ensure that the timer runs
  systemd_units:
    units:
      hello.service: |
        [Service]
        Type=oneshot
        ExecStart=/bin/echo hello
      hello.timer: |
        [Timer]
        OnCalendar=daily
        [Install]
        WantedBy=timers.target
    started: [hello.timer]
    restarted: [hello.timer]
"""

RETURN = r"""
written:
  description: The units whose file was, or would be, written or removed.
  returned: success
  type: list
  elements: str
  sample: [hello.timer]
"""

import os
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.broker.errors import BrokerError
from ansible.module_utils.broker.files import write_atomic
from ansible.module_utils.broker.owed import owes, owing
from ansible.module_utils.broker.turn import mine

ARGUMENT_SPEC: dict[str, Any] = {
    "units": {"type": "dict", "required": True},
    "started": {"type": "list", "elements": "str", "default": []},
    "restarted": {"type": "list", "elements": "str", "default": []},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "turn": {"type": "str", "default": ""},
}
FOLDER = Path("/etc/systemd/system")
_MODE = 0o644
_SHOWN = ("ActiveState", "UnitFileState", "NeedDaemonReload")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What systemd knows of a unit."""

    active: str
    enabled: str
    stale: bool

    @property
    def runs(self) -> bool:
        """Whether it runs, and will after a boot."""
        return self.active == "active" and self.enabled == "enabled"

    def __str__(self) -> str:
        """As a diff tells it."""
        return f"{self.active}, {self.enabled or 'not there'}"


class Systemd:
    """What is asked of systemd; a refusal ends the module with systemd's own words."""

    def __init__(self, module: AnsibleModule) -> None:
        """The module runs the commands."""
        self._module = module

    def verify(self, texts: dict[str, str]) -> None:
        """Fail unless all units together are such as systemd loads without complaint."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, name) for name in texts]
            for path in paths:
                path.write_text(texts[path.name], encoding="utf-8")
            self._run("systemd-analyze", "verify", "--man=no", *map(str, paths))

    def ctl(self, verb: str, names: Sequence[str]) -> None:
        """Carry out a verb on some units; on none, nothing."""
        if names:
            self._run("systemctl", verb, *names)

    def reload(self) -> None:
        """Read all units anew."""
        self._run("systemctl", "daemon-reload")

    def look(self, names: Sequence[str]) -> dict[str, Loaded]:
        """What is loaded now, in one question."""
        if not names:
            return {}
        output = self._run("systemctl", "show", f"--property={','.join(_SHOWN)}", "--", *names)
        blocks = [dict(line.split("=", 1) for line in b.splitlines()) for b in output.split("\n\n")]
        return {
            name: Loaded(*(block[key] for key in _SHOWN[:2]), block[_SHOWN[2]] == "yes")
            for name, block in zip(names, blocks, strict=True)
        }

    def _run(self, *command: str) -> str:
        code, output, errors = self._module.run_command([*command])
        if code:
            self._fail(command, errors or output)
        return str(output).strip("\n")

    def _fail(self, command: Sequence[str], errors: str) -> NoReturn:
        lines = errors.strip().splitlines() or ["nothing"]
        self._module.fail_json(msg=f"{' '.join(command[:2])}: {'; '.join(lines[-5:])}")
        raise AssertionError


def main() -> None:
    """Carry out one call."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    ensure = present if module.params["state"] == "present" else absent
    try:
        with mine("" if module.check_mode else module.params["turn"]):
            outcome = ensure(Systemd(module), module.params, check=module.check_mode)
    except BrokerError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**outcome)


def present(systemd: Systemd, wanted: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Write what differs, then let run what should."""
    texts, started = wanted["units"], wanted["started"]
    before = {name: _read(FOLDER / name) for name in texts}
    wrong = [name for name, text in texts.items() if before[name] != text]
    loaded = systemd.look(started)
    asleep = [name for name in started if not loaded[name].runs]
    use = f"read and start {' '.join(texts)}"
    unused = not wrong and owes(use)  # written by a run that was cut off before they were in use
    if not check:
        if wrong:  # no sooner: on a fresh host, what the units start is to come
            systemd.verify(texts)
        with owing(use) if wrong or unused else nullcontext():
            for name in wrong:
                write_atomic(FOLDER / name, texts[name], mode=_MODE)
            if wrong or unused or any(unit.stale for unit in loaded.values()):
                systemd.reload()
            systemd.ctl("enable", asleep)
            systemd.ctl("restart", wanted["restarted"] if wrong or unused else [])
            systemd.ctl("start", asleep)
    diff = [_difference(name, before[name], texts[name]) for name in wrong]
    diff += [_difference(name, "written, not in use\n", "in use\n") for name in texts if unused]
    diff += [_difference(name, f"{loaded[name]}\n", "active, enabled\n") for name in asleep]
    return {"changed": bool(wrong or asleep or unused), "written": wrong, "diff": diff}


def absent(systemd: Systemd, wanted: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """Stop what there is, forget how it ended, and remove it."""
    there = {name: text for name in wanted["units"] if (text := _read(FOLDER / name)) is not None}
    if there and not check:
        stopped = [name for name in there if "@." not in name]  # a template never runs itself
        systemd.ctl("disable", stopped)
        systemd.ctl("stop", stopped)
        states = systemd.look(stopped)
        systemd.ctl("reset-failed", [name for name in stopped if states[name].active == "failed"])
        for name in there:
            (FOLDER / name).unlink()
        systemd.reload()
    diff = [_difference(name, text, "") for name, text in there.items()]
    return {"changed": bool(there), "written": list(there), "diff": diff}


def _read(path: Path) -> str | None:
    """The text of a unit, with what is wrong with its rights; None where there is none."""
    if not path.is_file():
        return None
    status, text = path.lstat(), path.read_text(encoding="utf-8", errors="replace")
    mode = status.st_mode & 0o7777
    if (mode, status.st_uid) == (_MODE, os.geteuid()):
        return text
    return f"{text}# mode {mode:04o}, owner {status.st_uid}\n"


def _difference(name: str, before: str | None, after: str) -> dict[str, str]:
    return {
        "before_header": name,
        "after_header": name,
        "before": before or "",
        "after": after,
    }


if __name__ == "__main__":
    main()
