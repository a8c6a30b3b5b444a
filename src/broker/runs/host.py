"""How the syncs of this host stand: what is recorded and what systemd says, looked at together."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

from ..errors import BrokerError
from ..hostpaths import SYNCS
from .keep import boot_id, read_record
from .status import RunStatus, run_status
from .systemd import SERVICE, TIMER, recording, unit_states, with_recorders

__all__ = ["host_syncs"]

_UNITS = Path("/etc/systemd/system")
# The end of a sync that a person just waited for is recorded a moment after it.
_RECORDING_SECONDS = 10.0
_LOOK_SECONDS = 0.1


def host_syncs() -> RunStatus | None:
    """How the syncs of this host stand; None where none are recorded and no timer is wanted.

    Raises ``BrokerError``.
    """
    timed = any((_UNITS / name).exists() for name in (SERVICE, TIMER))
    if not timed and not SYNCS.exists():
        return None
    deadline = time.monotonic() + _RECORDING_SECONDS
    while True:
        names = [SERVICE, *(run.unit for run in read_record(SYNCS).begun.values())]
        units = unit_states([TIMER, *with_recorders(names)])
        # Read anew: an end that systemd no longer speaks of is in it by now.
        record = read_record(SYNCS)
        known = {run.unit for run in record.begun.values()} <= {*units}
        if (known and not recording(units, names)) or time.monotonic() > deadline:
            break
        time.sleep(_LOOK_SECONDS)
    if not known:
        raise BrokerError("syncs begin faster than their states can be read", where=str(SYNCS))
    return run_status(record, units, boot_id(), datetime.now(UTC), timed=timed)
