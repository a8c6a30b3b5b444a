"""OpenID Connect by Authlib, with what it leaves to its callers.

Authlib (1.9) checks signature, nonce, expiry, and the issuer against the provider's own metadata.
It does not check the audience unless it is given one, takes whichever issuer and algorithms the
metadata names, and answers an error of the provider before it has looked at the state.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, Response, request, session
from joserfc.errors import (
    BadSignatureError,
    ExpiredTokenError,
    InvalidClaimError,
    JoseError,
    MissingClaimError,
)
from requests import RequestException

from ...config import IdentityProvider
from ...config.values import is_loopback
from ...errors import SignInError
from .provider_errors import provider_error

__all__ = ["ProviderClient", "register_providers"]

_DISCOVERY = "/.well-known/openid-configuration"
_SECONDS = 10
_LEEWAY = 60
_MOST_BEGUN = 4  # sign-ins of one browser at once: each takes room in its cookie, which has 4 kB
# Signatures that only the provider can make: those of HS* are made with our secret.
_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_OFFERED = "id_token_signing_alg_values_supported"
_CLAIMS = {
    "iss": "The provider signed for another issuer than the one that is set.",
    "aud": "The provider signed for another site than this portal.",
    "azp": "The provider signed for another site than this portal.",
    "nonce": "The provider answered another sign-in than the one that you began.",
}


def register_providers(
    app: Flask, providers: tuple[IdentityProvider, ...]
) -> dict[str, ProviderClient]:
    """A client for each provider, by name. Nothing is fetched before the first sign-in."""
    oauth = OAuth(app)
    clients = {}
    for provider in providers:
        client = oauth.register(
            provider.name,
            client_id=provider.client_id,
            client_secret=provider.client_secret.get_secret_value(),
            server_metadata_url=provider.issuer.rstrip("/") + _DISCOVERY,
            client_kwargs={
                "scope": "openid email profile",
                "code_challenge_method": "S256",
                "default_timeout": _SECONDS,
            },
        )
        clients[provider.name] = ProviderClient(provider, client)
    return clients


class ProviderClient:
    """Sign-in by one provider. Errors are ``SignInError``, in words of our own."""

    def __init__(self, provider: IdentityProvider, client: Any) -> None:
        """``client`` is Authlib's."""
        self.provider = provider
        self._client = client

    def begin(self, redirect_uri: str) -> Response:
        """The redirect to the provider; what must come back with the person is in the session."""
        self._forget_begun(_MOST_BEGUN - 1)
        answer: Response = self._guarded(
            lambda: self._checked() and self._client.authorize_redirect(redirect_uri)
        )
        return answer

    def finish(self) -> Mapping[str, Any]:
        """The claims of who came back, checked; ``sub`` and ``iss`` are what the provider signed.

        An error of the provider counts only with the state of a sign-in that began here.
        """
        self._forget_begun(_MOST_BEGUN)
        state = request.args.get("state")
        begun = self._client.framework.get_state_data(session, state)
        if begun is None:
            raise SignInError(
                "This sign-in was not begun in this browser, or too long ago.",
                status=400,
                remedy="Sign in again.",
            )
        self._check_answered_by(request.args.get("iss"))
        error = request.args.get("error")
        if error is not None or not request.args.get("code"):
            self._client.framework.clear_state_data(session, state)
            raise provider_error(error)
        claims: Mapping[str, Any] = self._guarded(self._exchange)
        return claims

    def _exchange(self) -> Mapping[str, Any]:
        self._checked()
        token = self._client.authorize_access_token(
            claims_options={
                "iss": {"essential": True, "values": [self.provider.issuer]},
                "aud": {"essential": True, "values": [self.provider.client_id]},
            },
            leeway=_LEEWAY,
        )
        claims = token.get("userinfo")
        if not claims or not claims.get("sub"):
            raise SignInError("The provider did not say who you are.", status=502)
        if "email" in claims or "userinfo_endpoint" not in self._client.server_metadata:
            return dict(claims)
        more = self._client.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise SignInError("The provider spoke of two different people.", status=502)
        return {**more, **claims}

    def _checked(self) -> Mapping[str, Any]:
        """The provider's metadata, with what is trusted of it."""
        metadata: dict[str, Any] = self._client.load_server_metadata()
        more = ["userinfo_endpoint"] if "userinfo_endpoint" in metadata else []
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri", *more)
        is_other = metadata.get("issuer") != self.provider.issuer
        is_unsafe = not all(_is_safe(metadata.get(name)) for name in names)
        offered = {*(metadata.get(_OFFERED) or ["RS256"])} & _ALGORITHMS
        if is_other or is_unsafe or not offered:
            metadata.clear()  # the next sign-in asks again
        if is_other:
            raise SignInError(
                "The provider calls itself by another issuer than the one that is set.",
                status=502,
                remedy="Tell an administrator of the portal.",
            )
        if is_unsafe:
            raise SignInError("The provider's addresses are not encrypted.", status=502)
        if not offered:
            raise SignInError("The provider does not offer a signature that counts.", status=502)
        metadata[_OFFERED] = sorted(offered)
        return metadata

    def _check_answered_by(self, issuer: str | None) -> None:
        """RFC 9207: another provider's answer is not taken for this one's."""
        metadata = self._client.server_metadata
        is_promised = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer != self.provider.issuer and (issuer is not None or is_promised):
            raise SignInError("Another provider answered than the one asked.", status=400)

    def _guarded(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except OAuthError as error:
            raise provider_error(error.error) from error
        except RequestException as error:
            raise SignInError(
                "The provider does not answer.",
                status=502,
                remedy="Try again in some minutes, or sign in another way.",
            ) from error
        except ExpiredTokenError as error:
            raise SignInError(
                "The provider's answer is too old, or one of both clocks is wrong.",
                status=502,
                remedy="Sign in again.",
            ) from error
        except (InvalidClaimError, MissingClaimError) as error:
            sentence = _CLAIMS.get(str(error.claim), "The provider's answer is not valid.")
            raise SignInError(sentence, status=502) from error
        except BadSignatureError as error:
            sentence = "The signature of the provider's answer is not valid."
            raise SignInError(sentence, status=502) from error
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise SignInError("The provider's answer is not valid.", status=502) from error

    def _forget_begun(self, most: int) -> None:
        """Keep few begun sign-ins, the newest; those whose time is over go in any case."""
        begun = [key for key in session if key.startswith("_state_")]
        live = [key for key in begun if session[key].get("exp", 0) > time.time()]
        live.sort(key=lambda key: session[key]["exp"], reverse=True)
        for key in {*begun} - {*live[:most]}:
            session.pop(key)


def _is_safe(address: object) -> bool:
    if not isinstance(address, str):
        return False
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
