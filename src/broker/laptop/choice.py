"""What the analyst wants of this folder: ``broker.toml``, which they may edit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from ..errors import LaptopError, nearest
from ..files import write_atomic
from ..foreign.text import readable_json
from ..manifest import Manifest, TableEntry
from .amounts import size_of
from .workspace import cut_to

__all__ = ["SESSIONS", "TableChoice", "check_typed", "chosen", "read_choice", "write_choice"]

_NONE = "none"
_HISTORY = re.compile(r"([1-9][0-9]{0,3}) days?")
_HEAD = """\
# What this folder holds of the broker's data. Yours to edit; the next sync does as it says.
# without: datasets that stay away. Without this line the choice in the portal counts here.
# tables:  if any are named, these tables alone (name or folder/name).
# limit:   ask before more than so much is fetched.
# history: "7 days" keeps the last generation of each of these days; "none" keeps none.
# sessions: whether transcripts of coding agents are kept: none, mine (in user/sessions/), or
#          broker (sync --push sends them as well).
"""
SESSIONS = (_NONE, "mine", "broker")


@dataclass(frozen=True, slots=True)
class TableChoice:
    """What is wanted. ``without`` is None where this folder does not decide which datasets it has;
    with ``is_passed`` it was chosen in the portal, and not in this folder.

    ``limit`` is a size as people write it; empty for that of the program.

    ``history`` is for how long earlier generations are kept, as ``7 days``; empty or ``none`` for
    no longer than readers of the data need. ``sessions`` is what becomes of transcripts of coding
    agents, one of ``SESSIONS``.
    """

    without: tuple[str, ...] | None = None
    tables: tuple[str, ...] = ()
    limit: str = ""
    history: str = ""
    sessions: str = _NONE
    is_passed: bool = False

    @property
    def left_out(self) -> tuple[str, ...]:
        """The datasets that stay away."""
        return self.without or ()

    @property
    def history_days(self) -> int:
        """The days of which one generation each is kept; 0 for none."""
        found = _HISTORY.fullmatch(self.history)
        return int(found[1]) if found is not None else 0


_KEYS = {field.name for field in fields(TableChoice)} - {"is_passed"}


def read_choice(path: Path) -> TableChoice:
    """What the file says; everything where there is none. Raises ``LaptopError``."""
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return TableChoice()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LaptopError(
            "the file cannot be read", where=path.name, expected="TOML", found=str(error)
        ) from error
    strange = sorted(facts.keys() - _KEYS)
    if strange:
        raise LaptopError(
            "this setting is not known",
            where=path.name,
            expected="without, tables, limit, history or sessions",
            found=strange[0],
        )
    limit = facts.get("limit", "")
    if not isinstance(limit, str):
        raise LaptopError("limit is not a size", where=path.name, expected='text as "2 GB"')
    if limit:
        size_of(limit, where=path.name)
    return TableChoice(
        _names(path, facts, "without") if "without" in facts else None,
        _names(path, facts, "tables"),
        limit,
        _history(path, facts),
        _sessions(path, facts),
    )


def _sessions(path: Path, facts: dict[str, object]) -> str:
    sessions = facts.get("sessions", _NONE)
    if sessions not in SESSIONS:
        raise LaptopError(
            "the value of sessions is not known",
            where=path.name,
            expected=" or ".join(SESSIONS),
            found=str(sessions),
        )
    return str(sessions)


def _history(path: Path, facts: dict[str, object]) -> str:
    history = facts.get("history", "")
    if history in ("", _NONE):
        return str(history)
    if not isinstance(history, str) or _HISTORY.fullmatch(history) is None:
        raise LaptopError(
            "history is not a number of days",
            where=path.name,
            expected=f'text as "7 days", from 1 to 9999, or "{_NONE}"',
            found=str(history),
        )
    return history


def _names(path: Path, facts: dict[str, object], key: str) -> tuple[str, ...]:
    names = facts.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise LaptopError(f"{key} is not a list of names", where=path.name, expected='["orders"]')
    return tuple(names)


def write_choice(path: Path, choice: TableChoice) -> None:
    """Keep it. A file that says the same is left as its owner wrote it."""
    if path.exists() and read_choice(path) == choice:
        return
    named = ("tables",) if choice.without is None else ("without", "tables")
    lines = [f"{key} = {_toml(getattr(choice, key))}" for key in named]
    usual = TableChoice()
    lines += [
        f"{key} = {_toml(getattr(choice, key))}"
        for key in ("limit", "history", "sessions")
        if getattr(choice, key) != getattr(usual, key)
    ]
    write_atomic(path, _HEAD + "\n".join(lines) + "\n", mode=0o644)


def _toml(value: str | Sequence[str]) -> str:
    """Text and lists of text are written in TOML as in JSON."""
    return readable_json(value if isinstance(value, str) else list(value))


def chosen(manifest: Manifest, choice: TableChoice) -> Manifest:
    """The manifest with the chosen tables alone; raises ``LaptopError`` for names of nothing."""
    datasets = {entry.dataset for entry in manifest.tables if entry.dataset}
    if not choice.is_passed:  # the portal knows which datasets there are
        _check("dataset", choice.left_out, datasets)
    named = _by_name(manifest)
    _check("table", choice.tables, named)
    wanted = {entry.path for name in choice.tables for entry in named.get(name, ())}
    picked = {
        entry.path
        for entry in manifest.tables
        if entry.dataset not in choice.left_out and (entry.path in wanted or not choice.tables)
    }
    if manifest.tables and not picked:
        raise LaptopError(
            f"this choice leaves none of the {len(manifest.tables)} tables",
            where="the choice in the portal" if choice.is_passed else "broker.toml",
            found=", ".join((*choice.tables, *(f"without {name}" for name in choice.left_out))),
            remedy="Nothing was changed here. --table all has every table again, and --dataset "
            "NAME a dataset.",
        )
    return cut_to(manifest, picked)


def check_typed(manifest: Manifest, typed: TableChoice, choice: TableChoice) -> None:
    """Raise ``LaptopError`` for a name that was just typed, and of which nothing can come.

    ``choice`` is what these names lead to.
    """
    named = _by_name(manifest)
    for name in typed.tables:
        if name not in named:
            raise _unknown("table", name, named)
        datasets = {entry.dataset for entry in named[name]}
        if datasets <= {*choice.left_out}:
            raise LaptopError(
                f"table {name} is of a dataset that is left out",
                found=", ".join(sorted(filter(None, datasets))),
                remedy="Nothing was changed here. Have the dataset again with --dataset NAME.",
            )
    datasets = {entry.dataset for entry in manifest.tables}
    for name in typed.left_out:
        if name not in datasets:
            raise _unknown("dataset", name, {one for one in datasets if one is not None})


def _by_name(manifest: Manifest) -> dict[str, list[TableEntry]]:
    """The tables of each name: that of the table, of its view, folder and table, or its id."""
    views = manifest.view_names
    found: dict[str, list[TableEntry]] = {}
    for entry in manifest.tables:
        for name in {entry.name, views[entry.path], entry.path, entry.id}:
            found.setdefault(name, []).append(entry)
    return found


def _unknown(what: str, name: str, known: Collection[str]) -> LaptopError:
    near = nearest(name, known)
    return LaptopError(
        f"the broker shows no {what} of this name",
        found=name or "an empty name",
        remedy=f"Did you mean {near}?" if near else "Nothing was changed here.",
    )


def _check(what: str, named: Collection[str], known: Collection[str]) -> None:
    """One that is gone at the broker does no harm; one that is misspelt may hide what is wanted."""
    for name in named:
        near = nearest(name, known)
        if name not in known and near is not None:
            raise LaptopError(
                f"the broker shows no {what} of this name",
                where="broker.toml",
                found=name,
                remedy=f"Did you mean {near}?",
            )
