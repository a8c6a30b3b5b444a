"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ..hostpaths import STORE

__all__ = ["as_json", "config_dir", "data_dir", "signing_key"]

Function = TypeVar("Function", bound=Callable[..., Any])


def config_dir(function: Function) -> Function:
    """``--config DIR``; where it is not given, ``$CONFIG_DIR`` and ``./config`` are tried."""
    return click.option(
        "--config",
        "config_option",
        type=click.Path(path_type=Path),
        help="Folder of instance.yaml and data_description.md; else $CONFIG_DIR, else ./config.",
    )(function)


def data_dir(function: Function) -> Function:
    """``--data DIR``, the folder of the generations."""
    return click.option(
        "--data",
        "data",
        type=click.Path(path_type=Path, file_okay=False, readable=False),
        default=STORE,
        show_default=True,
        help="Folder that holds the generations.",
    )(function)


def as_json(function: Function) -> Function:
    """``--json``: the same facts for a program."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def signing_key() -> Path | None:
    """The instance's signing key: a systemd credential in a unit, else one beside the data."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    key = Path(credentials) / "signing_key" if credentials else None
    return key if key and key.exists() else None
