"""Azurite, Microsoft's emulator of Azure Storage, installed on first use with a node of its own.

It is locked in ``package-lock.json`` beside this. In the place of three packages that Azurite only
loads to send telemetry or to keep its data in an SQL server, ``package.json`` names one that is
there anyway: with what they depend on they are six times as much as all the rest.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from rig.node import NodeError, locked_packages, node

__all__ = ["Azurite", "AzuriteError", "install"]

HERE = Path(__file__).parent
START_SECONDS = 60
_LISTENS = re.compile(r"successfully listens on (http:\S+)")


class AzuriteError(Exception):
    """It could not be installed or started; the text says why."""


def install() -> Path:
    """The folder ``node_modules/``, made unless it is there."""
    try:
        return locked_packages(HERE, "azurite")
    except NodeError as error:
        raise AzuriteError(str(error)) from error


class Azurite:
    """Azurite's blob service on a free port, with what it keeps in memory."""

    def __init__(self, account: str, key: str) -> None:
        """Start it, and wait until it listens."""
        folder = install()
        program = folder / "azurite/dist/src/blob/main.js"
        options = ["--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]
        more = ["--silent", "--skipApiVersionCheck", "--disableTelemetry"]
        self._process = subprocess.Popen(
            [str(node()), str(program), *options, *more],
            env={**os.environ, "AZURITE_ACCOUNTS": f"{account}:{key}"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.url = self._address()

    def _address(self) -> str:
        assert self._process.stdout is not None
        output = []
        for line in self._process.stdout:
            output.append(line)
            if match := _LISTENS.search(line):
                return match[1]
        self.stop()
        raise AzuriteError("".join(output)[-500:])

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.communicate(timeout=START_SECONDS)
