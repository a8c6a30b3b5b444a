"""How the syncs of a host ended, as systemd saw it: what root keeps of that, and how it stands.

A sync cannot record its own end where it is killed, finds no secret or is never started. So units
that systemd starts before and after it do, as root, out of reach of the account that syncs.
Standard library only.
"""

from .host import host_syncs
from .keep import boot_id, note_begin, note_end, read_record
from .record import Begun, Ended, RunOutcome, RunRecord
from .status import RunStatus, facts_of, run_status
from .systemd import SERVICE, TIMER, recording, unit_states, with_recorders

__all__ = [
    "SERVICE",
    "TIMER",
    "Begun",
    "Ended",
    "RunOutcome",
    "RunRecord",
    "RunStatus",
    "boot_id",
    "facts_of",
    "host_syncs",
    "note_begin",
    "note_end",
    "read_record",
    "recording",
    "run_status",
    "unit_states",
    "with_recorders",
]
