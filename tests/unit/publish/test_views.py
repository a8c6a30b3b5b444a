from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from broker.errors import PublishError
from broker.manifest import DocumentEntry, ForeignKey, Manifest, Status, TableEntry
from broker.publish import Audience, cut
from broker.publish.views import is_cut_of

from .making import entry

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
# What an audience may know: of a generation, and of a table that it may read. ``cut`` changes or
# empties the others.
KNOWN = {
    Manifest: {"generation", "created_at", "previous", "run", "broker", "format"},
    TableEntry: {
        *("id", "name", "path", "access", "strategy", "status", "description", "dataset"),
        *("schema", "fingerprint", "key", "partitioning", "rows", "rejects", "duplicates"),
        *("files", "reject_file", "change", "changes", "watermark", "loading", "origin", "losses"),
        *("as_of", "loaded_at", "freshness_seconds", "warnings", "issues"),
    },
}
HIDDEN = {
    Manifest: {"tables", "documents", "audience"},
    TableEntry: {"foreign_keys", "question", "error"},
}


@pytest.mark.parametrize(
    ("classes", "path", "owner"),
    [
        ([], "views/tree", "public"),
        (["public"], "views/tree", "public"),
        (["private"], "views/private/tree", "private"),
        (["hr", "public", "finance", "hr"], "views/finance/hr/tree", "hr"),
    ],
)
def test_an_audience_has_one_place(classes: list[str], path: str, owner: str) -> None:
    audience = Audience.of(classes)
    assert (audience.path, audience.owner) == (path, owner)


def test_the_folders_on_the_way_ask_for_every_class() -> None:
    assert Audience.of(["finance", "hr"]).passages() == {
        "views": "public",
        "views/finance": "finance",
        "views/finance/hr": "hr",
    }


@pytest.mark.parametrize("name", ["tree", "", "..", "a/b", "Finance", "1st", "a\n"])
def test_a_class_that_is_no_folder_name_is_refused(name: str) -> None:
    with pytest.raises(PublishError, match="this is not a name for an access class"):
        Audience.of([name])


def test_cut_leaves_tables_of_the_classes_held() -> None:
    manifest = Manifest(
        "g",
        NOON,
        (entry("a"), entry("b", "private"), entry("c", "hr")),
        (DocumentEntry("d", 1, "0"),),
    )
    found = {
        classes: [table.name for table in cut(manifest, Audience.of(classes)).tables]
        for classes in [(), ("private",), ("hr",), ("hr", "private")]
    }
    assert found == {
        (): ["a"],
        ("private",): ["a", "b"],
        ("hr",): ["a", "c"],
        ("hr", "private"): ["a", "b", "c"],
    }
    assert cut(manifest, Audience()).documents == ()
    assert cut(manifest, Audience()).audience == ("public",)


@pytest.mark.parametrize("reference", ["in.salaries", "salaries", "sales/salaries"])
def test_a_foreign_key_does_not_tell_of_a_table_that_is_not_shown(reference: str) -> None:
    keys = (ForeignKey("p", reference, "id"), ForeignKey("c", "customers", "id"))
    tables = (
        replace(entry("orders"), foreign_keys=keys),
        entry("customers"),
        entry("salaries", "private"),
    )
    manifest = Manifest("g", NOON, tables)
    shown = {
        classes: cut(manifest, Audience.of(classes)).tables[0].foreign_keys
        for classes in [(), ("private",)]
    }
    assert shown == {(): keys[1:], ("private",): keys}


def test_an_unfinished_initial_load_is_shown_to_nobody() -> None:
    manifest = Manifest("g", NOON, (replace(entry("a"), loading=True), entry("b")))
    assert [table.name for table in cut(manifest, Audience.of(["private"])).tables] == ["b"]


@pytest.mark.parametrize("kind", [Manifest, TableEntry])
def test_whether_an_audience_may_know_a_field_is_decided(
    kind: type[Manifest] | type[TableEntry],
) -> None:
    table = replace(
        entry("a"),
        question={"filter": "0" * 16},
        error="/srv/in cannot be read",
        foreign_keys=(ForeignKey("b", "b", "id"),),
    )
    documents = (DocumentEntry("d", 1, "0"),)
    whole = Manifest("g", NOON, (table, entry("b", "private")), documents)
    shown = cut(whole, Audience())
    before, after = (whole, shown) if kind is Manifest else (table, shown.tables[0])
    names = {field.name for field in fields(kind)}
    assert names == KNOWN[kind] | HIDDEN[kind]
    assert {name for name in names if getattr(before, name) != getattr(after, name)} == HIDDEN[kind]


def test_a_view_of_an_older_release_may_say_the_errors_of_its_tables() -> None:
    bad = replace(entry("a"), status=Status.FAILED, error="/srv/in cannot be read")
    whole = Manifest("g", NOON, (bad, entry("b", "private")))
    view = cut(whole, Audience())
    assert is_cut_of(view, whole, Audience())
    assert is_cut_of(replace(view, tables=(bad,)), whole, Audience())
    for other in (
        replace(view, tables=(replace(bad, error="all is well"),)),
        replace(view, tables=(replace(bad, rows=99),)),
        replace(view, tables=()),
    ):
        assert not is_cut_of(other, whole, Audience())
