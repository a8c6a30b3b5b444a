"""What a provider's error codes mean, as sentences of our own; its own text is never shown."""

from __future__ import annotations

from ...errors import SignInError

__all__ = ["CODES", "provider_error"]

_AGAIN = "Sign in again."
_ADMIN = "Tell an administrator of the portal."

# RFC 6749 4.1.2.1 and 5.2, OpenID Connect Core 3.1.2.6, RFC 9700 and the codes that libraries add:
# the sentence, the status of the page, what to do.
CODES: dict[str, tuple[str, int, str]] = {
    "access_denied": ("You, or a rule of your provider, declined the sign-in.", 403, _AGAIN),
    "account_selection_required": ("The provider needs you to choose an account.", 403, _AGAIN),
    "consent_required": ("The provider needs your consent.", 403, _AGAIN),
    "interaction_required": ("The provider needs an answer of yours.", 403, _AGAIN),
    "login_required": ("The provider needs you to sign in there first.", 403, _AGAIN),
    "invalid_grant": ("The sign-in took too long, or was finished before.", 400, _AGAIN),
    "temporarily_unavailable": ("The provider is overloaded.", 503, "Try again in some minutes."),
    "server_error": ("The provider failed.", 502, "Try again in some minutes."),
    "invalid_client": ("The provider does not take the portal's id and secret.", 502, _ADMIN),
    "unauthorized_client": ("The provider does not let the portal sign people in.", 502, _ADMIN),
    "invalid_request": ("The provider did not understand the portal.", 502, _ADMIN),
    "invalid_request_object": ("The provider did not understand the portal.", 502, _ADMIN),
    "invalid_request_uri": ("The provider did not understand the portal.", 502, _ADMIN),
    "invalid_scope": ("The provider does not give what the portal asks for.", 502, _ADMIN),
    "registration_not_supported": ("The provider does not know the portal.", 502, _ADMIN),
    "request_not_supported": ("The provider did not understand the portal.", 502, _ADMIN),
    "request_uri_not_supported": ("The provider did not understand the portal.", 502, _ADMIN),
    "unmet_authentication_requirements": (
        "Your sign-in there is not as strong as the provider demands.",
        403,
        _AGAIN,
    ),
    "unsupported_grant_type": ("The provider does not speak OpenID Connect here.", 502, _ADMIN),
    "unsupported_response_type": ("The provider does not speak OpenID Connect here.", 502, _ADMIN),
}


def provider_error(code: object) -> SignInError:
    """The page for an error code; codes that no standard names have one sentence."""
    known = CODES.get(code) if isinstance(code, str) else None
    sentence, status, remedy = known or ("The provider refused the sign-in.", 502, _ADMIN)
    return SignInError(sentence, status=status, remedy=remedy)
