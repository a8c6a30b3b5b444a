"""The application as a server process makes it: from its environment and its credentials."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from flask import Flask

from ..config import load_instance
from ..errors import BrokerError, ConfigError
from ..hostpaths import STORE
from .app import create_app
from .look.files import logo_of
from .settings import PortalSettings

__all__ = ["application", "settings_of"]

_ORIGIN = re.compile(r"https://[a-z0-9][a-z0-9.-]{0,252}(:[0-9]{1,5})?")
_FEWEST_CHARACTERS = 32


def application() -> Flask:
    """What gunicorn serves. What keeps it from starting is one sentence, and ends the process."""
    try:
        return create_app(settings_of(os.environ))
    except BrokerError as error:
        sys.stderr.write(f"broker-portal: {error}\n")
        sys.exit(error.exit_code)


def settings_of(environment: Mapping[str, str]) -> PortalSettings:
    """What its unit gives it. Raises ``ConfigError``, which names no secret.

    ``PORTAL_ORIGIN`` is its address and ``CONFIG_DIR`` the folder of its ``instance.yaml``; systemd
    sets ``STATE_DIRECTORY`` and ``CREDENTIALS_DIRECTORY``, which has ``secret_key``.
    """
    origin = _given(environment, "PORTAL_ORIGIN")
    if not _ORIGIN.fullmatch(origin):
        raise ConfigError(
            "this is not the address of a portal",
            where="PORTAL_ORIGIN",
            expected="https:// and the name of a host, in small letters",
            found=repr(origin[:80]),
        )
    folder = Path(_given(environment, "CONFIG_DIR"))
    instance = load_instance(folder, environment)
    if instance.instance.origin not in (None, origin):
        raise ConfigError(
            "the portal is reached by another address than its pages and mails say",
            where="instance.origin",
            expected=origin,
            found=instance.instance.origin,
            remedy="Give broker_portal_host the name of that address, or leave it out.",
        )
    return PortalSettings(
        instance=instance,
        origin=origin,
        secret_key=_secret_key(Path(_given(environment, "CREDENTIALS_DIRECTORY"))),
        state=Path(_given(environment, "STATE_DIRECTORY")),
        store=Path(environment.get("PORTAL_STORE") or STORE),
        logo=logo_of(instance, folder),
    )


def _given(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name)
    if not value:
        raise ConfigError(
            "the portal is not started as its unit starts it",
            where=name,
            found="nothing",
            remedy="On a host, `systemctl start broker-portal` starts it.",
        )
    return value


def _secret_key(folder: Path) -> str:
    path = folder / "secret_key"
    try:
        key = path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            "the key for sessions cannot be read", where=str(path), found=type(error).__name__
        ) from error
    if len(key) < _FEWEST_CHARACTERS:
        raise ConfigError(
            "the key for sessions is too short to be one",
            where=str(path),
            expected=f"at least {_FEWEST_CHARACTERS} characters",
            remedy="Remove /etc/data-broker/portal/secret_key; the next deploy makes another.",
        )
    return key
