"""``broker portal``: the web pages, from the console of their host."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from ..config import SECTIONS_OF_PORTAL, SECTIONS_OF_SOURCES, find_config_dir, load_instance
from ..errors import ConfigError
from ..hostpaths import PORTAL_STATE
from ..portal.database.engine import Database
from ..portal.database.upgrade import upgrade
from ..portal.identity.console import console_link
from ..portal.settings import database_in
from .options import config_dir
from .terminal import say

__all__ = ["portal"]


@click.group()
def portal() -> None:
    """Let an administrator into the portal."""


@portal.command()
@click.argument("email")
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    default=PORTAL_STATE,
    show_default=True,
    help="Folder of the portal's database.",
)
@config_dir
def admin(email: str, state: Path, config_option: Path | None) -> int:
    """Print a link that makes EMAIL an admin of the portal and signs them in.

    It works once, for 15 minutes, whatever the configuration says of this address. Type it as
    root: the link is made with the rights of the portal's own account.
    """
    folder = find_config_dir(config_option)
    without = (*SECTIONS_OF_PORTAL, *SECTIONS_OF_SOURCES)
    origin = load_instance(folder, without=without).instance.origin
    if origin is None:
        raise ConfigError(
            "instance.origin is missing",
            where=str(folder / "instance.yaml"),
            expected="the address of the portal, such as https://data.example.com",
        )
    if not database_in(state).is_file():
        raise ConfigError(
            "there is no database of a portal here",
            where=str(state),
            remedy="Start the portal once, or name its folder with --state.",
        )
    _become_owner(state)
    database = Database(f"sqlite:///{database_in(state)}", upgrade)
    say(console_link(database, origin, email, datetime.now(UTC)))
    return 0


def _become_owner(state: Path) -> None:
    """Give up root for the account whose folder it is: what it put there is not root's to open."""
    owner = state.stat()
    if os.geteuid() == 0 and owner.st_uid != 0:
        os.setgroups([])
        os.setgid(owner.st_gid)
        os.setuid(owner.st_uid)
