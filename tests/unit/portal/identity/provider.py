"""An identity provider without a socket: what `requests` would send, answered here."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})
OTHER_KEY = RSAKey.generate_key(2048, {"kid": "first", "use": "sig", "alg": "RS256"})


@dataclass
class Provider:
    """``claims`` replace those of the token, None takes one away."""

    issuer: str
    client_id: str
    claims: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    fault: Callable[[str], requests.Response | None] = lambda _path: None
    without: tuple[str, ...] = ()
    token_error: dict[str, Any] | None = None
    paths: list[str] = field(default_factory=list)
    _begun: dict[str, str] = field(default_factory=dict)

    def send(self, request: requests.PreparedRequest) -> requests.Response:
        """Answer one request."""
        path = urlsplit(str(request.url)).path
        self.paths.append(path)
        fault = self.fault(path)
        if fault is not None:
            return fault
        if path == "/.well-known/openid-configuration":
            return answer(self._discovery())
        if path == "/jwks":
            return answer({"keys": [KEY.as_dict(private=False)]})
        if path == "/userinfo":
            return answer({"sub": "subject-1"} | self.userinfo)
        assert path == "/token"
        return self._token(parse_qs(str(request.body)))

    def come_back(self, location: str, **more: str) -> dict[str, str]:
        """What a person brings back from the page that the portal sent them to."""
        self._begun = {
            name: values[0] for name, values in parse_qs(urlsplit(location).query).items()
        }
        assert self._begun["code_challenge_method"] == "S256"
        assert self._begun["response_type"] == "code"
        return {"code": "a-code", "state": self._begun["state"]} | more

    def _discovery(self) -> dict[str, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        } | self.metadata
        return {name: value for name, value in found.items() if name not in self.without}

    def _token(self, form: dict[str, list[str]]) -> requests.Response:
        if self.token_error is not None:
            return answer(self.token_error, 400)
        challenge = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        sent = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        assert sent == self._begun["code_challenge"]
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "subject-1",
            "iat": now,
            "exp": now + 300,
            "nonce": self._begun["nonce"],
            "email": "ann@example.com",
            "email_verified": True,
            "hd": "example.com",
            "name": "Ann",
        } | self.claims
        kept = {name: value for name, value in claims.items() if value is not None}
        sign = self.sign or signed_with(KEY)
        return answer({"access_token": "at", "token_type": "Bearer", "id_token": sign(kept)})


def signed_with(key: RSAKey) -> Callable[[dict[str, Any]], str]:
    return lambda claims: jwt.encode({"alg": "RS256", "kid": "first"}, claims, key)


def signed_with_secret(claims: dict[str, Any]) -> str:
    key = OctKey.import_key("s3cret" * 8)
    return jwt.encode({"alg": "HS256"}, claims, key, algorithms=["HS256"])


def unsigned(claims: dict[str, Any]) -> str:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


def answer(body: Any, status: int = 200) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
    made.headers["Content-Type"] = "application/json"
    return made
