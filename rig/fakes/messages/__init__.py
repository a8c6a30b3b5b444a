"""A model that says what a script says, for agent programs that speak the Messages format."""

from .script import ScriptError, Step
from .standin import StandIn

__all__ = ["ScriptError", "StandIn", "Step"]
