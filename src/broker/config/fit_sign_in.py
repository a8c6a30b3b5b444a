"""Whether the doors of the portal fit together: each has what it needs and lets someone in."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import ConfigError
from .document import Document, KeyPath
from .instance import Instance
from .values import is_loopback

__all__ = ["check_sign_in"]

_GOOGLE = "https://accounts.google.com"


def check_sign_in(instance: Instance, document: Document) -> Iterator[ConfigError]:
    """What is wrong between the keys of ``auth``, ``email`` and ``instance``."""
    auth = instance.auth
    yield from _providers(instance, document)
    yield from _mail(instance, document)
    if auth.magic_link.enabled and not auth.magic_link.allowed:
        yield _wrong(
            document,
            ("auth", "magic_link"),
            "lets no one in",
            remedy="Name addresses under allowed, or leave the section out.",
        )
    has_door = bool(auth.providers) or auth.magic_link.enabled
    if has_door and instance.instance.origin is None:
        yield ConfigError(
            "instance.origin is missing",
            where=document.where(("auth",)),
            expected="the address of the portal, such as https://data.example.com, because people "
            "come back to it when they sign in",
        )
    if auth.session_idle > auth.session_length:
        yield _wrong(
            document,
            ("auth", "session_idle"),
            "is longer than session_length",
            remedy="Make it shorter, or session_length longer.",
        )
    for index, admin in enumerate(auth.admins):
        if not _gets_in(instance, admin):
            yield _wrong(
                document,
                ("auth", "admins", index),
                "is an address that no trusted door lets in",
                remedy="Add it to magic_link.allowed, or to allowed or allowed_domain of a "
                "provider that is trusted.",
            )


def _wrong(
    document: Document, location: KeyPath, problem: str, *, remedy: str | None = None
) -> ConfigError:
    return ConfigError(
        f"{document.name(location)} {problem}", where=document.where(location), remedy=remedy
    )


def _providers(instance: Instance, document: Document) -> Iterator[ConfigError]:
    auth = instance.auth
    for index, provider in enumerate(auth.providers):
        location: KeyPath = ("auth", "providers", index)
        before = auth.providers[:index]
        for key in ("name", "issuer"):
            if getattr(provider, key) in [getattr(other, key) for other in before]:
                yield _wrong(document, (*location, key), "stands twice")
        if not auth.allowed_domain and not provider.allowed:
            yield _wrong(
                document,
                location,
                "lets no one in",
                remedy="Name a domain under auth.allowed_domain, or people under allowed.",
            )
        is_google = provider.issuer.rstrip("/") == _GOOGLE
        if is_google and auth.allowed_domain and provider.hosted_domain is None:
            yield _wrong(
                document,
                location,
                "needs hosted_domain",
                remedy="Name your Google Workspace domain: without it, private Google accounts "
                "with an address of your domain get in, also those of people who left.",
            )


def _mail(instance: Instance, document: Document) -> Iterator[ConfigError]:
    email, smtp = instance.email, instance.email.smtp
    needed = {"from_address": email.from_address, "smtp": smtp}
    for key, value in needed.items():
        if instance.auth.magic_link.enabled and value is None:
            yield ConfigError(
                f"email.{key} is missing",
                where=document.where(("auth", "magic_link")),
                expected="what links by e-mail are sent with",
            )
    if smtp is None:
        return
    if smtp.security == "none" and not is_loopback(smtp.host):
        yield ConfigError(
            "email.smtp.security is wrong",
            where=document.where(("email", "smtp", "security")),
            expected="starttls or tls, because the server is not this machine",
            found="'none'",
        )
    if bool(smtp.username) != (smtp.password is not None):
        yield _wrong(
            document, ("email", "smtp"), "needs both username and password, or none of them"
        )


def _gets_in(instance: Instance, address: str) -> bool:
    auth = instance.auth
    if auth.magic_link.enabled and address in auth.magic_link.allowed:
        return True
    domain = address.rpartition("@")[2]
    return any(
        provider.is_trusted and (domain in auth.allowed_domain or address in provider.allowed)
        for provider in auth.providers
    )
