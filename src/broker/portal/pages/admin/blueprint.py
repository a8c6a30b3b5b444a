"""The pages of admins. For all others there is none of them, whatever its view does."""

from __future__ import annotations

from flask import Blueprint
from flask.typing import ResponseReturnValue

from ...identity.current import admin_only

__all__ = ["admin"]

admin = Blueprint("admin", __name__, url_prefix="/admin")


@admin.before_request
def _for_admins() -> ResponseReturnValue | None:
    """One check for all of them: a view that forgets to ask is closed all the same."""
    return admin_only(_passed)()


def _passed() -> None:
    return None
