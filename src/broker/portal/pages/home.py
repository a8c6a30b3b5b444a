"""The first page: what I read and how fresh it is, my laptop, my keys, what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from flask import Blueprint, render_template
from werkzeug import Response

from ...catalog.model import CatalogIndex, CatalogTable
from ...errors import CatalogError
from ..access_requests import requests_of
from ..audience_catalog import index_for
from ..database.models import AccessRequest, Decision
from ..explanations import NOT_YET
from ..identity.current import signed_in
from ..reading.catalogs import MissingCatalogError
from ..reading.freshness import Freshness, freshness_of
from ..tokens import tokens_of
from ..visits import visit_before
from .acting import account_of, database, explained, go, person

__all__ = ["home"]

home = Blueprint("home", __name__)
_MOST_ROWS = 25


@dataclass(frozen=True, slots=True)
class TableNow:
    """A table and how old it is."""

    table: CatalogTable
    age: Freshness

    @property
    def needs_attention(self) -> bool:
        """Whether it is not as it should be."""
        return self.age.grade in ("warn", "bad")


@dataclass(frozen=True, slots=True)
class DataOverview:
    """The tables of an audience: those that need attention first, then the newest."""

    index: CatalogIndex
    tables: Sequence[TableNow]

    @classmethod
    def of(cls, index: CatalogIndex, now: datetime) -> DataOverview:
        """As it is at this moment."""
        found = [TableNow(one, freshness_of(one, now)) for one in index.tables]
        never = datetime.min.replace(tzinfo=UTC)
        newest = sorted(found, key=lambda one: one.table.loaded_at or never, reverse=True)
        return cls(index, sorted(newest, key=lambda one: not one.needs_attention))

    @property
    def shown(self) -> Sequence[TableNow]:
        """Those that fit on the page."""
        return self.tables[:_MOST_ROWS]

    def count(self, grade: str) -> int:
        """How many have this grade of freshness: good, warn, bad, or empty."""
        return sum(one.age.grade == grade for one in self.tables)

    @property
    def late(self) -> int:
        """How many are older than promised."""
        return sum(one.age.word == "late" for one in self.tables)

    def changed_since(self, moment: datetime) -> Sequence[TableNow]:
        """Those that got other rows after a moment; a load without news does not count."""
        return [
            one
            for one in self.tables
            if one.table.changed_at is not None and one.table.changed_at > moment
        ]


@home.get("/", endpoint="home")
@signed_in
def first() -> str | Response:
    """Everything at a glance; a person without an account begins at the first step."""
    viewer, now = person(), datetime.now(UTC)
    if viewer.account is None and not viewer.is_admin:
        return go("welcome.steps")
    account, account_problem = account_of(viewer)
    before = visit_before(now)
    try:
        data, data_problem = DataOverview.of(index_for(viewer), now), ""
    except MissingCatalogError as error:
        data, data_problem = None, str(error) if viewer.is_admin else NOT_YET
    except CatalogError as error:
        data, data_problem = None, explained(error)
    with database().read() as session:
        tokens = [
            one
            for one in tokens_of(session, viewer.person_id)
            if one.revoked_at is None and one.expires_at > now
        ]
        decided = _decided(requests_of(session, viewer.person_id), before)
    return render_template(
        "home/first.html",
        account=account,
        account_problem=account_problem,
        data=data,
        data_problem=data_problem,
        tokens=tokens,
        before=before,
        changed=data.changed_since(before) if data is not None and before is not None else (),
        decided=decided,
        moment_now=now,
    )


def _decided(requests: Sequence[AccessRequest], since: datetime | None) -> Sequence[AccessRequest]:
    """The requests that an admin decided since the last visit."""
    return [
        one
        for one in requests
        if one.decision in (Decision.GRANTED, Decision.REFUSED)
        and one.decided_at is not None
        and since is not None
        and one.decided_at > since
    ]
