"""Who may sign in to the portal, by which doors, and where its e-mails come from."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from .scalars import Scalar
from .values import (
    Domain,
    Duration,
    EmailAddress,
    OneOrMore,
    Section,
    Text,
    is_loopback,
    unexpected,
)

__all__ = ["Auth", "Email", "IdentityProvider", "MagicLinks", "Smtp"]

# Issuers of Microsoft that stand for any organisation, so that a token says nothing of whose.
_MULTI_TENANT = frozenset({"common", "organizations", "consumers"})
_DOORS = frozenset({"email", "link"})  # words of the portal's own addresses
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _issuer(text: str) -> str:
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    segments = {*parts.path.lower().split("/")}
    if segments & _MULTI_TENANT or "{" in text:
        unexpected(
            "the issuer of one organisation",
            "Write the tenant's id in the place of "
            f"{', '.join(sorted(segments & _MULTI_TENANT)) or 'what is in braces'}.",
        )
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not is_safe or parts.query or parts.fragment or "@" in parts.netloc or not host:
        unexpected("an address such as https://accounts.google.com, without ? and #")
    return text


def _provider_name(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", text) or text in _DOORS:
        unexpected("a name of a-z, 0-9 and - that is not email or link")
    return text


def _from_variable(value: Any) -> Any:
    """A secret that stands in the file would be in every copy of it."""
    if isinstance(value, Scalar) and not value.is_secret:
        unexpected("a variable such as ${CLIENT_SECRET}, which keeps the secret out of the file")
    return value


Secret = Annotated[SecretStr, BeforeValidator(_from_variable)]


class IdentityProvider(Section):
    """One entry of ``auth.providers``."""

    name: Annotated[str, AfterValidator(_provider_name)] = Field(
        description="Short name, a part of the address that the provider sends people back to."
    )
    title: Text = Field(description="Name that people see on the button.")
    issuer: Annotated[str, AfterValidator(_issuer)] = Field(
        description="Its issuer, below which it answers at .well-known/openid-configuration. "
        "That of one organisation: common, organizations and consumers are refused."
    )
    client_id: Text = Field(description="Id that the provider gave to this portal.")
    client_secret: Secret = Field(description="Secret of this portal there, as a ${VARIABLE}.")
    hosted_domain: Domain | None = Field(
        default=None,
        description="Google Workspace domain (hd) that an account must be of. Required for Google "
        "with allowed_domain: a private Google account may have an address of your domain.",
    )
    allowed: OneOrMore[EmailAddress] = Field(
        default=(), description="Addresses of people outside who may sign in here, too."
    )
    trusted: bool | None = Field(
        default=None,
        description="Whether a verified address of this provider is the person who signed in with "
        "it by another door, and may be an admin's. Default: true with hosted_domain.",
    )
    assume_verified: bool = Field(
        default=False,
        description="Take an address as verified where the provider does not say. Only for one "
        "whose administrators alone set addresses.",
    )

    @property
    def is_trusted(self) -> bool:
        """Whether its word for an address counts as that of another door."""
        return self.hosted_domain is not None if self.trusted is None else self.trusted


class MagicLinks(Section):
    """Section ``auth.magic_link``: links by e-mail, for people whom no provider knows."""

    enabled: bool = Field(default=False, description="Whether people can sign in by e-mail.")
    allowed: OneOrMore[EmailAddress] = Field(
        default=(), description="Addresses that a link is sent to."
    )


class Auth(Section):
    """Section ``auth``."""

    allowed_domain: OneOrMore[Domain] = Field(
        default=(), description="Domain, or domains, whose people may sign in by a provider."
    )
    providers: tuple[IdentityProvider, ...] = Field(
        default=(), description="Identity providers that speak OpenID Connect."
    )
    magic_link: MagicLinks = Field(default=MagicLinks(), description="Sign-in by e-mail.")
    admins: OneOrMore[EmailAddress] = Field(
        default=(), description="Addresses of people who are admins of the portal."
    )
    session_length: Duration = Field(
        default=timedelta(days=7), description="Time after which a person signs in again."
    )
    session_idle: Duration = Field(
        default=timedelta(days=1), description="Time without any request that ends a session."
    )


class Smtp(Section):
    """Section ``email.smtp``: the server that takes the portal's e-mails."""

    host: Text = Field(description="Name of the server.")
    security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the connection is encrypted: none is for this machine itself alone.",
    )
    port: int | None = Field(
        default=None, ge=1, le=65535, description="Its port. Default: 587, 465 or 25."
    )
    username: str = Field(default="", description="Name to log in with; none without it.")
    password: Secret | None = Field(
        default=None, description="Password to log in with, as a ${VARIABLE}."
    )

    @property
    def port_number(self) -> int:
        """The port, by the kind of encryption unless it is given."""
        return self.port or _PORTS[self.security]


class Email(Section):
    """Section ``email``."""

    from_address: EmailAddress | None = Field(
        default=None, description="Address that e-mails come from."
    )
    from_name: str = Field(
        default="", description="Name that e-mails come from. Default: the instance's name."
    )
    smtp: Smtp | None = Field(default=None, description="The server that takes e-mails.")
