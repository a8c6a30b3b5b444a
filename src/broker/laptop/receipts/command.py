"""``verify-receipt``: whether an answer still comes out as its receipt says."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ...errors import LaptopError
from ..query.limits import QueryLimits
from ..query.options import MIB, memory_option, seconds_option
from ..screen import say, say_json
from ..workspace import Workspace
from .make import folder_of
from .model import MOST_BYTES, Receipt
from .verify import ReceiptVerdict, Verification, verify

__all__ = ["EXIT_CODES", "verify_receipt"]

EXIT_CODES = {ReceiptVerdict.SAME: 0, ReceiptVerdict.DIFFERENT: 5, ReceiptVerdict.NOT_KEPT: 6}


@click.command("verify-receipt")
@click.argument("file")
@click.option("--json", "is_json", is_flag=True, help="Answer with JSON.")
@seconds_option
@memory_option
@click.pass_obj
def verify_receipt(
    workspace: Workspace, file: str, is_json: bool, seconds: float, memory: int
) -> None:
    """Ask the query of a receipt again: FILE is its path, or its name in user/receipts/.

    Ends with 0 if the same comes back, with 5 if something else does, and with 6 if its data are
    not on this laptop any more.
    """
    receipt = _read(file, workspace)
    limits = QueryLimits(seconds=seconds, memory_bytes=memory * MIB)
    found = verify(receipt, workspace, limits)
    if is_json:
        say_json(
            {
                "receipt": receipt.id,
                "verdict": str(found.verdict),
                "generation": found.generation,
                "details": list(found.details),
            }
        )
    else:
        say(_sentence(receipt, found), *found.details)
    sys.exit(EXIT_CODES[found.verdict])


def _sentence(receipt: Receipt, found: Verification) -> str:
    of = f"receipt {receipt.id} of generation {receipt.generation}"
    if found.verdict is ReceiptVerdict.SAME:
        where = "" if found.generation == receipt.generation else f" by {found.generation}"
        return f"SAME: {of}{where}, {receipt.row_count:,} rows"
    return f"{found.verdict.upper()}: {of}"


def _read(file: str, workspace: Workspace) -> Receipt:
    kept = folder_of(workspace) / f"{file.removesuffix('.json')}.json"
    place = Path(file) if Path(file).is_file() or "/" in file else kept
    try:
        with place.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise LaptopError(
            "the receipt cannot be read",
            where=file,
            found=error.strerror,
            remedy="Receipts stand in user/receipts/.",
        ) from error
    if len(content) > MOST_BYTES:
        raise LaptopError(
            "the file is too long for a receipt", where=file, expected=f"{MOST_BYTES:,} bytes"
        )
    return Receipt.from_json(content, where=file)
