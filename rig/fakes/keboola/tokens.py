"""Tokens of the project, and what each may see."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock, shown
from .errors import ApiError

__all__ = ["Token", "Tokens"]


@dataclass
class Token:
    """``permissions`` maps bucket ids to read, write or manage; a master token needs none."""

    id: str
    secret: str = field(repr=False)
    description: str = ""
    is_master: bool = False
    permissions: dict[str, str] = field(default_factory=dict)
    is_disabled: bool = False

    def creator(self) -> dict[str, Any]:
        """As jobs show it; files have the id as a number."""
        return {"id": self.id, "description": self.description}

    def may(self, bucket: str, *, write: bool = False) -> bool:
        """Whether it may read, or write, a bucket."""
        if self.is_master:
            return True
        granted = self.permissions.get(bucket)
        return granted in ({"write", "manage"} if write else {"read", "write", "manage"})


class Tokens:
    """The project's tokens by their secret."""

    def __init__(self, project: int, clock: Clock) -> None:
        """One master token at first."""
        self._project = project
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self.master = self.add("master", is_master=True)

    def add(self, description: str, *, is_master: bool = False, **permissions: str) -> Token:
        """A new token; ``permissions`` are given with ``grant`` for ids with dots."""
        number = 27_978 + len(self._tokens)
        secret = f"{self._project}-{number}-{secrets.token_urlsafe(30)}"
        token = Token(str(number), secret, description, is_master, dict(permissions))
        self._tokens[secret] = token
        return token

    def check(self, secret: str | None) -> Token:
        """The token of a request; 401 where there is none or a wrong one."""
        if not secret:
            raise ApiError(401, "Access token must be set")
        token = self._tokens.get(secret)
        if token is None or token.is_disabled:
            raise ApiError(401, "Invalid access token", "storage.tokenInvalid")
        return token

    def body(self, token: Token, owner: dict[str, Any]) -> dict[str, Any]:
        """What ``tokens/verify`` tells; the API itself echoes the secret there."""
        return {
            "id": token.id,
            "token": token.secret,
            "created": shown(self._clock.now()),
            "refreshed": shown(self._clock.now()),
            "description": token.description,
            "isMasterToken": token.is_master,
            "canManageBuckets": token.is_master,
            "canManageTokens": token.is_master,
            "canReadAllFileUploads": token.is_master,
            "canPurgeTrash": token.is_master,
            "expires": None,
            "isExpired": False,
            "isDisabled": token.is_disabled,
            "dailyCapacity": 0,
            "bucketPermissions": token.permissions or [],
            "componentAccess": [],
            "organization": {"id": "4088"},
            "owner": owner,
        }
