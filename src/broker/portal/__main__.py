"""``python -m broker.portal``: the portal for developers, on this machine alone."""

from __future__ import annotations

import argparse
import logging
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

from werkzeug.serving import make_server

from ..config import SECTIONS_OF_SOURCES, find_config_dir, load_instance
from ..config.values import is_loopback
from ..errors import BrokerError, ConfigError
from ..files import write_atomic
from .app import create_app
from .identity.accounts import LocalAccounts
from .look.files import logo_of
from .settings import PortalSettings

__all__ = ["main"]

_ORIGIN = "http://127.0.0.1:8080"


def main(arguments: list[str] | None = None) -> int:
    """Serve until it is interrupted; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m broker.portal", description=__doc__)
    parser.add_argument("--config", type=Path, help="folder of instance.yaml")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder of generations")
    parser.add_argument(
        "--state",
        type=Path,
        default=Path("portal-state"),
        help="folder of the database, the key of cookies, and accounts.json: names to classes",
    )
    options = parser.parse_args(arguments)
    try:
        settings = _settings(options.config, options.data, options.state)
        app = create_app(settings, accounts=LocalAccounts(options.state / "accounts.json"))
    except BrokerError as error:
        sys.stderr.write(f"portal: {error}\n")
        return error.exit_code
    # Its lines hold addresses with the tokens of links.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    place = urlsplit(settings.origin)
    server = make_server(place.hostname or "", place.port or 80, app, threaded=True)
    # It listens from here on: a program that waits for this line can connect.
    sys.stdout.write(f"The portal is at {settings.origin}\n")
    sys.stdout.flush()
    server.serve_forever()
    return 0


def _settings(config: Path | None, data: Path, state: Path) -> PortalSettings:
    folder = find_config_dir(config)
    instance = load_instance(folder, without=SECTIONS_OF_SOURCES)
    origin = instance.instance.origin or _ORIGIN
    if not origin.startswith("http://") or not is_loopback(urlsplit(origin).hostname or ""):
        raise ConfigError(
            "this way of starting the portal serves this machine alone",
            where=instance.where("instance", "origin"),
            expected=f"instance.origin such as {_ORIGIN}",
            found=origin,
        )
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = state / "secret_key"
    if not key.exists():
        write_atomic(key, secrets.token_hex(32), mode=0o600)
    return PortalSettings(
        instance=instance,
        origin=origin,
        secret_key=key.read_text(),
        state=state,
        store=data,
        logo=logo_of(instance, folder),
    )


if __name__ == "__main__":
    sys.exit(main())
