"""The way back in from the host's console: a link that makes an admin."""

from __future__ import annotations

from datetime import datetime

from ...errors import ConfigError, PortalError
from ...foreign.addresses import folded_address
from ..database.engine import Database
from ..database.models import LinkPurpose, PersonState, PortalEvent
from .magic_links import new_link
from .people import person_by_email

__all__ = ["LINK_PATH", "console_link"]

LINK_PATH = "/sign-in/link/"


def console_link(database: Database, origin: str, address: str, now: datetime) -> str:
    """The address that makes a person an admin and signs them in, once, for 15 minutes.

    Raises ``ConfigError`` for what is not an address, ``PortalError`` for a person who was removed.
    """
    email = folded_address(address)
    if email is None:
        raise ConfigError(
            "this is not an e-mail address",
            expected="name@domain of ASCII letters",
            found=repr(address[:60]),
        )
    with database.begin() as session:
        person = person_by_email(session, email)
        if person is not None and person.state == PersonState.REMOVED:
            raise PortalError(
                "this person was removed from the portal",
                where=email,
                remedy="Make a link for another address.",
            )
        token = new_link(session, email, now=now, purpose=LinkPurpose.CONSOLE)
        session.add(PortalEvent(at=now, verb="link.console", target=email))
    return f"{origin}{LINK_PATH}{token}"
