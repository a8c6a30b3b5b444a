"""What a person reads of an error: admins all of it, others no place of the host."""

from __future__ import annotations

import logging
import secrets

from ..config import Instance
from ..errors import BrokerError
from ..foreign.places import has_place
from .viewer import Viewer

__all__ = ["NOT_YET", "explain", "look_it_up", "new_reference"]

NOT_YET = "What you may read appears here with the next sync."  # where there is no catalog
_LOG = logging.getLogger(__name__)


def new_reference(error: object) -> str:
    """What a person may quote, under which the log has the error."""
    reference = secrets.token_hex(4)
    _LOG.error("%s: %s", reference, error)
    return reference


def look_it_up(reference: str, instance: Instance) -> str:
    """Where the person finds help, and with which words."""
    support = instance.instance.support or "the administrators of the portal"
    return f"Ask {support}: the log has the reason under {reference}."


def explain(error: BrokerError, viewer: Viewer | None, instance: Instance) -> str:
    """The error itself, or its first sentence where the rest names a place of the host."""
    text = str(error)
    if (viewer is not None and viewer.is_admin) or not has_place(text):
        return text
    sentence = "the host does not do this now" if has_place(error.message) else error.message
    return f"{sentence}. {look_it_up(new_reference(error), instance)}"
