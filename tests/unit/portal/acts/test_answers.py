"""A field that the helper for publishing does not give is not read as if it were empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from broker.errors import BrokerError
from broker.portal.acts.machine import HostParts
from broker.portal.acts.publishing import PublishingActs
from broker.portal.attention import matters_of
from broker.portal.database.backup_note import BackupStanding
from broker.portal.pages.admin.sync_log import SyncLogLine
from broker.portal.pages.admin.syncs import SyncEnd
from tests.unit.publishing.answers import completed

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SYNCS = completed("syncs", {"running": [{}], "ended": [{}], "failures": 1})
NEVER = BackupStanding(None)
UNTIL = "2027-01-01T00:00:00+00:00"


def of_part(part: str) -> Callable[[Mapping[str, Any]], Any]:
    """The reader of one row of a part."""
    return lambda row: HostParts.of({part: [row]}, NOW)


READERS: dict[str, tuple[Callable[[Mapping[str, Any]], Any], dict[str, Any], set[str]]] = {
    "ended": (SyncEnd.of, SYNCS["ended"][0], {"result", "exit_code", "signal"}),
    "running": (SyncEnd.of_running, SYNCS["running"][0], set()),
    "log": (SyncLogLine.of, completed("log", {"lines": [{"text": "x"}]})["lines"][0], set()),
    "disks": (of_part("disks"), completed("disks", [{}])[0], set()),
    "units": (of_part("units"), completed("units", [{"unit": "a.service"}])[0], set()),
    "certificates": (
        *(of_part("certificates"), completed("certificates", [{"path": "a", "until": UNTIL}])[0]),
        {"since"},
    ),
    "proof": (
        *(lambda row: HostParts.of({"proof": row}, NOW), completed("proof", {})),
        {"generation", "analysts", "seconds", "tried", "problem"},
    ),
    "syncs": (
        *(lambda row: matters_of({"syncs": row}, None, None, 0, NOW, backup=NEVER), SYNCS),
        SYNCS.keys() - {"problems", "failures"},
    ),
}


@pytest.mark.parametrize("kind", READERS)
def test_each_field_that_is_read_must_be_there(kind: str) -> None:
    read, row, unread = READERS[kind]
    assert read(row)
    for name in row:
        less = {other: value for other, value in row.items() if other != name}
        if name in unread:
            assert read(less) == read(row)
        else:
            with pytest.raises(KeyError, match=name):
                read(less)


def test_more_readers_that_the_host_does_not_know_are_not_none_at_all() -> None:
    class Helper:
        def call(self, verb: str, **fields: Any) -> dict[str, Any]:
            assert (verb, fields["generation"]) == ("facts", "g")
            return {"more_readers": {"problem": "the manifest cannot be read"}}

    with pytest.raises(BrokerError, match="the manifest cannot be read"):
        PublishingActs(lambda _: Helper()).more_readers("g")
