"""A service account and its token endpoint, as RFC 7523 has it: a signed JWT for a token."""

from __future__ import annotations

import base64
import json
import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .errors import ApiError

__all__ = ["Tokens"]


class Tokens:
    """Knows one account by its public key, and the tokens that it was given."""

    def __init__(self, project: str) -> None:
        """Makes the account's key."""
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._project = project
        self.email = f"broker@{project}.iam.gserviceaccount.com"
        self._valid: set[str] = set()

    def key(self, token_uri: str) -> str:
        """The JSON file that a person would download."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": self._project,
                "private_key_id": "1",
                "private_key": pem.decode(),
                "client_email": self.email,
                "client_id": "1",
                "token_uri": token_uri,
            }
        )

    def exchange(self, assertion: str) -> str:
        """A token for a JWT of the account's; raises ``ApiError``."""
        signed, _, signature = assertion.rpartition(".")
        claims = json.loads(_decoded(signed.partition(".")[2]))
        try:
            public = self._private.public_key()
            public.verify(_decoded(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            raise ApiError(400, "invalid_grant", "Invalid JWT Signature.") from None
        if claims["iss"] != self.email:
            raise ApiError(400, "invalid_grant", "Invalid grant: account not found")
        return self.issue()

    def issue(self) -> str:
        """A new token."""
        token = secrets.token_urlsafe(24)
        self._valid.add(token)
        return token

    def check(self, header: str) -> None:
        """Raise ``ApiError`` unless an ``Authorization`` header holds a token that was given."""
        if header.removeprefix("Bearer ") not in self._valid:
            raise ApiError(401, "authError", "Request had invalid authentication credentials.")

    def revoke(self) -> None:
        """Forget every token that was given."""
        self._valid.clear()


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
