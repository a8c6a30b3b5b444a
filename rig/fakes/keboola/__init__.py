"""Keboola's Storage API, over a real socket: see ``StandIn``."""

from ..faults import Fault
from .project import Behaviour
from .standin import StandIn

__all__ = ["Behaviour", "Fault", "StandIn"]
