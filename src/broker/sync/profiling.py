"""Gives each table of a run its profile: made where something changed, else kept."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from ..config import Instance
from ..errors import PublishError
from ..manifest import TableEntry
from ..profile.make import Before, Rules, basis_of, keeps_states, make_profile
from ..publish import NO_CLASS, RenderedDocument, Staging
from ..tables.model import Limits

__all__ = ["Profiling"]

_BASES = "state/profiles.json"


@dataclass(frozen=True)
class Profiling:
    """What a run needs for the profiles of its tables.

    ``unprofiled`` names the tables, by id, whose description asks for none.
    """

    instance: Instance
    staging: Staging
    limits: Limits
    unprofiled: frozenset[str] = frozenset()
    _bases: dict[str, str] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def __call__(self, spread: Callable[..., Iterable[str | None]] = map) -> Sequence[str]:
        """Profile what was put by now; ``spread`` maps over tables, perhaps several at a time.

        Returns a warning for each table that has none now. It never fails: data do not wait for
        profiles.
        """
        if not self.instance.profiles.enabled:
            return ()
        tables = [one for one in self.staging.tables if self._wants(one)]
        before = self._bases_before()
        warnings = [*spread(lambda entry: self._one(entry, before), tables)]
        content = json.dumps(self._bases, indent=1, sort_keys=True).encode() + b"\n"
        self.staging.document(_BASES, RenderedDocument(None, content))
        return [warning for warning in warnings if warning is not None]

    def _wants(self, entry: TableEntry) -> bool:
        is_shown = not entry.loading and entry.access != NO_CLASS
        return is_shown and bool(entry.schema.columns) and entry.id not in self.unprofiled

    def _bases_before(self) -> Mapping[str, str]:
        """What each profile of the generation before follows from, by the path of its table."""
        previous = self.staging.previous
        content = previous.content(_BASES) if previous else None
        try:
            found = json.loads(content or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def _one(self, entry: TableEntry, before: Mapping[str, str]) -> str | None:
        """Keep or make the profile of a table; the warning if neither is possible."""
        shown, measured = f"docs/profiles/{entry.path}.json", f"state/profiles/{entry.path}.parquet"
        profiles = self.instance.profiles
        tier = self.instance.tier_of(entry.access)
        rules = Rules(tier, profiles.min_group, profiles.alerts)
        basis = basis_of(entry, rules)
        staging = self.staging
        is_kept = (
            before.get(entry.path) == basis
            and staging.keep_document(shown, entry.access)
            and (not keeps_states(entry) or staging.keep_document(measured, None))
        )
        if not is_kept:
            try:
                profile = make_profile(
                    entry,
                    staging.place_of,
                    self._before(entry, shown, measured),
                    rules,
                    generation=staging.id,
                    limits=self.limits,
                    work=staging.work(entry.id),
                )
            except Exception as error:  # a profile must not take the table with it
                return _failed(entry, error)
            finally:
                staging.clear(entry.id)
            staging.document(shown, RenderedDocument(entry.access, profile.document))
            if profile.states is not None:
                staging.document(measured, RenderedDocument(None, profile.states))
        with self._lock:
            self._bases[entry.path] = basis
        return None

    def _before(self, entry: TableEntry, shown: str, measured: str) -> Before:
        """What the generation before has; the history only while the same people could read it."""
        previous = self.staging.previous
        if previous is None:
            return Before()
        listed = previous.document(shown)
        is_same = listed is not None and listed.access == entry.access
        table = previous.manifest.table(entry.id)
        files = table.files if table is not None else ()
        return Before(
            previous.content(shown) if is_same else None,
            previous.content(measured),
            {file.path: (file.sha256, previous.path / file.path) for file in files},
        )


def _failed(entry: TableEntry, error: Exception) -> str:
    """Names the place, not the text: a message of DuckDB may show a row's values."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    problem = PublishError(
        f"the table has no profile: {type(error).__name__} while it was made",
        where=entry.path,
        found=f"{Path(frame.filename).name}:{frame.lineno}",
        remedy="Its rows are published; the next sync tries again.",
    )
    return str(problem)
