"""Which datasets an analyst wants on no laptop: the file by which the broker passes it on."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from .strict_json import parse_json
from .text import is_plain

__all__ = [
    "CHOICE_FILE",
    "CHOICE_ID",
    "MOST_CHOICE_BYTES",
    "MOST_LEFT_OUT",
    "DatasetChoice",
    "check_left_out",
    "parse_choice",
    "render_choice",
]

CHOICE_FILE = "datasets.json"
CHOICE_ID = r"[0-9a-f]{16}"
MOST_CHOICE_BYTES = 131_072
MOST_LEFT_OUT = 256
_MOST_NAME = 200
_KEYS = {"id", "changed_at", "without"}


@dataclass(frozen=True, slots=True)
class DatasetChoice:
    """``id`` is another one for each change; ``without`` are the datasets that are left out."""

    id: str
    changed_at: datetime
    without: tuple[str, ...] = ()


def render_choice(choice: DatasetChoice) -> str:
    """The text of the file."""
    facts = {
        "id": choice.id,
        "changed_at": choice.changed_at.astimezone(UTC).isoformat(),
        "without": list(choice.without),
    }
    return json.dumps(facts) + "\n"


def parse_choice(content: bytes) -> DatasetChoice:
    """The choice that a file says; raises ``ValueError`` for what no broker writes."""
    if len(content) > MOST_CHOICE_BYTES:
        raise ValueError(f"it is longer than {MOST_CHOICE_BYTES:,} bytes")
    facts = parse_json(content)
    if not isinstance(facts, dict) or facts.keys() != _KEYS:
        raise ValueError(f"it is not an object of {', '.join(sorted(_KEYS))}")
    if not isinstance(facts["id"], str) or re.fullmatch(CHOICE_ID, facts["id"]) is None:
        raise ValueError("its id is not 16 hexadecimal digits")
    if not isinstance(facts["changed_at"], str):
        raise ValueError("changed_at is not an instant")
    changed_at = datetime.fromisoformat(facts["changed_at"])
    if changed_at.tzinfo is None:
        raise ValueError("changed_at has no zone")
    return DatasetChoice(facts["id"], changed_at, check_left_out(facts["without"]))


def check_left_out(names: object) -> tuple[str, ...]:
    """Names of datasets, sorted and each once; raises ``ValueError`` for anything else."""
    if not isinstance(names, list) or len(names) > MOST_LEFT_OUT:
        raise ValueError(f"without is not a list of at most {MOST_LEFT_OUT} names")
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= _MOST_NAME or not is_plain(name):
            raise ValueError("without has what is not the name of a dataset")
    return tuple(sorted({*names}))
