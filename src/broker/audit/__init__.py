"""Who did what, and who pulled what, in an append-only log. Standard library only.

``recording`` wraps an act, ``note`` tells of one event, ``read`` gives them back.
"""

from .actor import Actor, acting_as, current_actor
from .event import Event, Result
from .log import append_or_keep, note
from .query import LogQuery
from .recording import Change, recording

__all__ = [
    "Actor",
    "Change",
    "Event",
    "LogQuery",
    "Result",
    "acting_as",
    "append_or_keep",
    "current_actor",
    "note",
    "recording",
]
