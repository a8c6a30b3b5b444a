"""A callback of Ansible: the power of the controller goes as a task begins.

CUT_OFF_AT is the number of the task, from 0, or the beginning of its name.
"""

from __future__ import annotations

import os
import signal
from typing import Any

from ansible.plugins.callback import CallbackBase


class CallbackModule(CallbackBase):
    """Counts tasks, those that are skipped too."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "cut_off"

    def __init__(self) -> None:
        super().__init__()
        self._seen = -1

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Kill this process where the task is the one."""
        del is_conditional
        self._seen += 1
        stop = os.environ["CUT_OFF_AT"]
        if stop == str(self._seen) or task.name.startswith(stop):
            os.kill(os.getpid(), signal.SIGKILL)
