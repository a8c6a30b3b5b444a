"""Figures of the portal and its broker for Prometheus, looked up when they are asked for.

They are gauges of what stands in the database, the catalog and the host, so each of several
processes gives the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from ..catalog.reader import read_operators
from ..errors import BrokerError
from .acts.host import HostActs
from .acts.publishing import problem_of, rows_of
from .database.backup_note import read_note
from .database.engine import Database
from .database.models import AccessRequest, Decision, LoginSession, PersonState, PortalPerson
from .settings import PortalSettings

__all__ = ["PortalGauges"]


class PortalGauges(Collector):
    """A part that cannot be known is left out, and ``portal_part_up`` is 0 for it."""

    def __init__(self, settings: PortalSettings, database: Database, host: HostActs) -> None:
        self._settings = settings
        self._database = database
        self._host = host

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        up = GaugeMetricFamily("portal_part_up", "Whether a part answers", labels=["part"])
        for part, figures in (
            ("database", self._people),
            ("catalog", self._tables),
            ("publishing", self._disks),
            ("backup", self._backup),
        ):
            try:
                found = list(figures())
            except BrokerError:
                found = []
                up.add_metric([part], 0)
            else:
                up.add_metric([part], 1)
            yield from found
        yield up

    def _people(self) -> Iterator[Metric]:
        with self._database.read() as session:
            people = select(func.count()).select_from(PortalPerson)
            active = session.scalar(people.where(PortalPerson.state == PersonState.ACTIVE))
            requests = select(func.count()).select_from(AccessRequest)
            pending = session.scalar(requests.where(AccessRequest.decision == Decision.PENDING))
            browsers = session.scalar(select(func.count()).select_from(LoginSession))
        yield GaugeMetricFamily("portal_people", "People who may sign in", value=active or 0)
        yield GaugeMetricFamily("portal_sessions", "Sessions of browsers", value=browsers or 0)
        yield GaugeMetricFamily(
            "portal_access_requests_pending", "Requests without a decision", value=pending or 0
        )

    def _tables(self) -> Iterator[Metric]:
        standing = read_operators(self._settings.store)
        age = (datetime.now(UTC) - standing.created_at).total_seconds()
        yield GaugeMetricFamily(
            "broker_generation_age_seconds", "Age of the current generation", value=max(age, 0)
        )
        tables = GaugeMetricFamily("broker_tables", "Tables by how they stand", labels=["status"])
        statuses = [str(one.status) for one in standing.tables]
        for status in sorted(set(statuses)):
            tables.add_metric([status], statuses.count(status))
        yield tables

    def _disks(self) -> Iterator[Metric]:
        facts = self._host.publishing.facts("syncs", "disks")
        for fact in facts.values():
            if problem_of(fact):
                raise BrokerError(problem_of(fact))
        free = GaugeMetricFamily("broker_disk_free_bytes", "Free space", labels=["path"])
        for row in rows_of(facts["disks"]):
            free.add_metric([str(row["path"])], float(row["bytes_free"]))
        yield free
        failures = facts["syncs"]["failures"] if facts["syncs"] else 0
        yield GaugeMetricFamily("broker_sync_failures", "Syncs failed in a row", value=failures)

    def _backup(self) -> Iterator[Metric]:
        now = datetime.now(UTC)
        note = read_note(self._database.path, now)
        if note is not None:
            yield GaugeMetricFamily(
                "portal_backup_age_seconds",
                "Age of the last backup",
                value=max((now - note.at).total_seconds(), 0),
            )
            yield GaugeMetricFamily(
                "portal_backup_bytes", "Size of the last backup", value=note.bytes
            )
