"""Which claims of an identity provider let a person in. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...config import Auth, IdentityProvider
from ...errors import SignInError
from ...foreign.addresses import folded_address, folded_domain
from ...foreign.text import prose

__all__ = [
    "CONSOLE",
    "EMAIL",
    "ProvenArrival",
    "arrival_by_link",
    "arrival_by_provider",
    "display_name",
    "is_admitted",
    "is_still_admitted",
    "is_trusted_door",
]

EMAIL, CONSOLE = "email", "console"  # methods beside the names of providers

_ASK = "Ask an administrator to let your address in."


@dataclass(frozen=True, slots=True)
class ProvenArrival:
    """Who stands at a door, proven by it.

    ``issuer`` and ``subject`` are None for a link by e-mail: an address may belong to another
    person one day, so nothing but the address itself is kept of it. ``is_trusted`` says whether
    the door's word for the address is enough to be the person who has it already.
    """

    email: str
    name: str
    method: str
    issuer: str | None = None
    subject: str | None = None
    is_trusted: bool = True


def arrival_by_provider(
    auth: Auth, provider: IdentityProvider, claims: Mapping[str, Any]
) -> ProvenArrival:
    """The person of these claims, whose signature, issuer and audience were checked.

    Raises ``SignInError`` where they may not come in, with the reason.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise SignInError("The provider did not say who you are.", status=502)
    raw = claims.get("email")
    email = folded_address(raw) if isinstance(raw, str) else None
    if email is None:
        raise SignInError(
            "The provider did not give an e-mail address that the portal can use.",
            remedy="Set one in your account there, of ASCII letters.",
        )
    verified = claims.get("email_verified", provider.assume_verified)
    if verified is not True:
        raise SignInError(
            "The provider did not verify your e-mail address.",
            remedy="Verify it in your account there, then sign in again.",
        )
    _check_admitted(auth, provider, email, claims.get("hd"))
    return ProvenArrival(
        email=email,
        name=display_name(claims.get("name")),
        method=provider.name,
        issuer=provider.issuer,
        subject=subject,
        is_trusted=provider.is_trusted,
    )


def _check_admitted(auth: Auth, provider: IdentityProvider, email: str, hosted: Any) -> None:
    """A person outside is named one by one; all others are of an allowed domain.

    With ``hosted_domain`` the account itself must be the company's: an address says only that
    its owner could read mail there once.
    """
    if email in provider.allowed:
        return
    if email.rpartition("@")[2] not in auth.allowed_domain:
        raise SignInError("Your address is not one that may sign in here.", remedy=_ASK)
    domain = folded_domain(hosted) if isinstance(hosted, str) else None
    if provider.hosted_domain is not None and domain != provider.hosted_domain:
        raise SignInError(
            "Your account is a private one, although its address is of the company.",
            remedy="Sign in with your account of the company.",
        )


def arrival_by_link(auth: Auth, email: str) -> ProvenArrival:
    """The person who read the mail to this folded address. Raises ``SignInError``."""
    if not auth.magic_link.enabled or email not in auth.magic_link.allowed:
        raise SignInError("Your address is not one that may sign in here.", remedy=_ASK)
    return ProvenArrival(email=email, name="", method=EMAIL)


def is_still_admitted(auth: Auth, method: str, email: str, *, is_admin: bool) -> bool:
    """Whether a session that began by a method would still begin by it, as far as addresses say.

    So that an address which the configuration no longer names ends its sessions, too.
    """
    if method == CONSOLE:
        return is_admin
    if method == EMAIL:
        return auth.magic_link.enabled and email in auth.magic_link.allowed
    return any(
        email in provider.allowed or email.rpartition("@")[2] in auth.allowed_domain
        for provider in auth.providers
        if provider.name == method
    )


def is_admitted(auth: Auth, email: str) -> bool:
    """Whether an address may come in by any door but the console: what a token needs."""
    doors = (*(provider.name for provider in auth.providers), EMAIL)
    return any(is_still_admitted(auth, door, email, is_admin=False) for door in doors)


def is_trusted_door(auth: Auth, method: str) -> bool:
    """Whether the word of a method for an address is enough to be the person who has it."""
    if method in (EMAIL, CONSOLE):
        return True
    return any(one.is_trusted for one in auth.providers if one.name == method)


def display_name(value: Any) -> str:
    """A name as a provider has it: one line of at most 200 characters; empty without one."""
    return prose(value, 200) if isinstance(value, str) else ""
