"""A query in a process of its own: one that must be ended takes no server with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import LaptopError
from ...foreign.text import readable_json
from ..query.command import CUT
from ..starting import module_line
from .budget import MOST_CHARACTERS, fitted

__all__ = ["ask_in_process"]

_MOST_CHARACTERS = 30_000  # of values: as JSON they are longer
_MOST_OF_PARAMETERS = 100_000
_PATIENCE = 30.0  # seconds past its own limit after which the process is killed


async def ask_in_process(
    root: Path, sql: str, parameters: Mapping[str, str], rows: int, seconds: float
) -> str:
    """The answer as JSON; raises ``LaptopError`` with the sentence of the verb ``sql``."""
    _check(parameters)
    process = await asyncio.create_subprocess_exec(
        *(*module_line("broker.laptop"), "--folder", str(root), "sql"),
        *("--json", "--file", "-", "--rows", str(rows), "--seconds", str(seconds)),
        *("--characters", str(_MOST_CHARACTERS)),
        *(f"--param={name}={value}" for name, value in parameters.items()),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await asyncio.wait_for(
            process.communicate(sql.encode(errors="replace")), seconds + _PATIENCE
        )
    except TimeoutError as error:
        raise LaptopError("the query did not end within its time") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in (0, CUT):
        raise LaptopError(_sentence(errors.decode(errors="replace"), process.returncode))
    return _shortened(json.loads(output))


def _check(parameters: Mapping[str, str]) -> None:
    """They are words of a command: of no more bytes than a system takes, and text."""
    size = 0
    for name, value in parameters.items():
        if "\0" in name + value or "=" in name or not name:
            raise LaptopError("a parameter cannot be given", found=name)
        size += len((name + value).encode(errors="replace"))
    if size > _MOST_OF_PARAMETERS:
        raise LaptopError(
            "the values of the parameters are too long",
            expected=f"{_MOST_OF_PARAMETERS:,} bytes together",
            found=f"{size:,}",
            remedy="Join with a table instead, or ask in parts.",
        )


def _sentence(errors: str, code: int | None) -> str:
    lines = errors.strip().splitlines()
    last = lines[-1].removeprefix("broker: ") if lines else ""
    return last or f"the query ended with {code}, perhaps because memory was short"


def _shortened(answer: dict[str, Any]) -> str:
    rows = answer.pop("rows")
    room = MOST_CHARACTERS - len(readable_json(answer)) - 100
    if room < 0:
        raise LaptopError(
            "the answer has too many columns to be shown", remedy="Select the columns by name."
        )
    kept = fitted(rows, room)
    if not kept and (rows or answer["cut"]):
        raise LaptopError(
            "the first row of the answer is too long to be shown",
            remedy="Select fewer columns, or the beginning of long values: left(text, 200).",
        )
    if len(kept) < len(rows):
        answer |= {"cut": f"{len(kept):,} rows", "row_count": len(kept)}
    return readable_json({**answer, "rows": kept})
