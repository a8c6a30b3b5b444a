"""What of the host the requests of an app can reach: one object for each app."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, current_app

from ...accounts.service.client import Client
from ...publishing.client import PublishingClient
from ..viewer import AccountClasses
from .accounts import AccountActs
from .publishing import PublishingActs

__all__ = ["HostActs", "deployed_host", "host_acts", "use_host"]

_EXTENSION = "host_acts"


@dataclass(frozen=True, slots=True)
class HostActs:
    """``classes`` is asked at each request, so that a class that was revoked counts no more."""

    accounts: AccountActs
    publishing: PublishingActs
    classes: AccountClasses


def use_host(app: Flask, acts: HostActs) -> None:
    """Say through what an app reaches its host."""
    app.extensions[_EXTENSION] = acts


def host_acts() -> HostActs:
    """That of the app which serves the request."""
    found: HostActs = current_app.extensions[_EXTENSION]
    return found


def deployed_host(classes: AccountClasses) -> HostActs:
    """The host itself, by its sockets."""
    accounts = AccountActs(lambda behalf: Client(behalf=behalf))
    publishing = PublishingActs(lambda behalf: PublishingClient(behalf=behalf))
    return HostActs(accounts, publishing, classes)
