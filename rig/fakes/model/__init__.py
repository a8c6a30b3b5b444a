"""A model that says what a script says, for agent programs: no account, no network but loopback.

It speaks the formats of Claude Code and opencode (Messages) and of Codex (Responses).
"""

from .script import Result, ScriptError, Step
from .standin import StandIn

__all__ = ["Result", "ScriptError", "StandIn", "Step"]
