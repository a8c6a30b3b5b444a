"""What a view must not tell: searched for in every byte of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from broker.manifest import ForeignKey, Status
from broker.publish import Audience, RenderedDocument, Store
from tests.unit.publish.making import contents, entry, publish, version, write

SECRETS = ("salaries", "payroll", "zeppelin", "bonus", "hr_vault", "in.pay")
PUBLIC = (
    replace(entry("orders"), foreign_keys=(ForeignKey("who", "hr_vault/salaries", "bonus"),)),
    replace(entry("customers"), foreign_keys=(ForeignKey("payroll_id", "in.pay", "id"),)),
)
PRIVATE = replace(
    entry("salaries", "private", "hr_vault"),
    id="in.pay",
    dataset="payroll",
    description="The zeppelin fund",
    key=("bonus",),
    warnings=("payroll is late",),
)


def _everything(root: Path) -> bytes:
    """All names, link targets and bytes below a folder."""
    names = "\n".join(str(path.relative_to(root)) for path in root.rglob("*"))
    targets = "\n".join(str(path.readlink()) for path in root.rglob("*") if path.is_symlink())
    return b"\n".join([names.encode(), targets.encode(), *contents(root).values()]).lower()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose private table has rows, rejects, a change file, a profile and a failure."""
    store = Store(tmp_path / "data", reserve_bytes=0)
    with store.begin() as staging:
        for table in PUBLIC:
            staging.put(table, version(staging, table, 3))
        made = version(staging, PRIVATE, 4, "zeppelin")
        reject = write(staging, "rejects/hr_vault/salaries.parquet", 1, "bonus")
        change = write(staging, "changes/hr_vault/salaries.parquet", 1, "bonus")
        staging.put(PRIVATE, replace(made, reject_file=reject, change=change, rejects=1))
        staging.commit(
            {"metadata/hr_vault/salaries.profile.json": RenderedDocument("private", b"bonus")}
        )
    return store


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_a_private_table_is_in_the_public_view(store: Store, fails: bool) -> None:
    if fails:
        with store.begin() as staging:
            assert staging.previous is not None
            for table in staging.previous.manifest.tables:
                bad = replace(table, status=Status.FAILED, error="payroll: no answer for in.pay")
                staging.keep(bad if table.access == "private" else table)
            staging.commit()
    generation = store.generation()
    public = _everything(generation.view(Audience()))
    private = _everything(generation.view(Audience.of(["private"])))
    assert [secret for secret in SECRETS if secret.encode() in public] == []
    assert all(secret.encode() in private for secret in SECRETS)


def test_the_public_view_does_not_change_with_private_tables(store: Store) -> None:
    """Not a count, a size or a time of theirs: all but the name and time of the generation."""
    first = store.generation()
    with store.begin() as staging:
        for table in first.manifest.tables:
            if table.access == "public":
                staging.keep(table)
        second = staging.commit(now=first.manifest.created_at)
    before, after = (contents(made.view(Audience())) for made in (first, second))
    content = before.pop("manifest.json").replace(first.id.encode(), b"G")
    assert after.pop("manifest.json").replace(second.id.encode(), b"G").replace(
        f'"previous": "{first.id}"'.encode(), b'"previous": null'
    ) in (content, content.replace(b'"previous": "G"', b'"previous": null'))
    assert before.pop("manifest.json.sig") != after.pop("manifest.json.sig")
    assert before == after


def test_a_table_that_turns_private_takes_its_words_along(store: Store) -> None:
    before = store.generation()
    publish(store, {entry("orders"): 3, replace(entry("customers"), access="private"): 3})
    assert b"customers" in _everything(before.view(Audience()))
    assert b"customers" not in _everything(store.generation().view(Audience()))
