from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from broker.catalog.model import CatalogFolder
from broker.catalog.places import INDEX, details_path
from broker.catalog.written import to_json
from broker.classes import CATALOG
from broker.config import Instance
from broker.manifest import Audience
from broker.portal.look.figures import number
from broker.tables.model import Partitioning
from tests.unit.catalog.example import (
    GENERATION,
    HOSTILE,
    NOW,
    ExampleCatalog,
    example_catalog,
    write_example,
)

from ..browsing import ALL, FixedAccounts, signed_in_app
from .reading_html import Page, crawl, number_of, read

ALL_AUDIENCES = ((), ("private",), ("finance", "private"))


def client_of(folder: Path, tables: int, **options: object) -> FlaskClient:
    """A browser before a portal with so many tables."""
    write_example(folder / "store", tables, audiences=ALL_AUDIENCES, **options)  # type: ignore[arg-type]
    return signed_in_app(folder, now=NOW).test_client()


def page(client: FlaskClient, address: str) -> Page:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return read(answer.text)


def rewrite(folder: Path, example: ExampleCatalog) -> None:
    """Write an index that a test has changed."""
    base = folder / "store" / CATALOG / GENERATION / example.audience.path
    (base / INDEX).write_bytes(to_json(example.index))


def test_tables_stand_in_their_folders_in_the_order_of_the_catalog(tmp_path: Path) -> None:
    found = page(client_of(tmp_path, 6), "/catalog")
    names = [one.text for one in found.all("th", scope="rowgroup")]
    assert names == [one.label for one in example_catalog(6).index.folders]
    links = [link for link in found.links if link.startswith("/catalog/table/")]
    assert sorted(links) == sorted(
        f"/catalog/table/{t.path}" for t in example_catalog(6).index.tables
    )


def test_every_page_is_reached_and_answers(tmp_path: Path) -> None:
    client = client_of(tmp_path, 6)
    found = {address: status for address, status, _ in crawl(client)}
    assert set(found.values()) == {200}
    for table in example_catalog(6).index.tables:
        assert f"/catalog/table/{table.path}" in found
        assert f"/catalog/column/{table.path}?name=day" in found
    for metric in example_catalog(6).index.metrics:
        assert f"/catalog/metrics/{metric.name}" in found


@pytest.mark.parametrize("tables", [0, 1])
def test_so_it_is_with_no_table_and_with_one(tmp_path: Path, tables: int) -> None:
    found = list(crawl(client_of(tmp_path, tables)))
    assert {status for _, status, _ in found} == {200}
    assert ("No tables yet" in found[0][2]) == (tables == 0)


def test_of_1000_tables_each_is_reached_by_pages_that_stay_small(tmp_path: Path) -> None:
    client = client_of(tmp_path, 1_000)
    wanted, address = set[str](), "/catalog"
    for number_ in range(1, 11):
        answer = client.get(address, query_string={"page": number_})
        assert answer.status_code == 200
        assert len(answer.data) < 100_000
        wanted |= {one for one in read(answer.text).links if one.startswith("/catalog/table/")}
    assert len(wanted) == 1_000
    assert client.get("/catalog?page=11").status_code == 404


def test_where_nothing_was_published_pages_say_so(tmp_path: Path) -> None:
    client = signed_in_app(tmp_path).test_client()
    for address in ("/catalog", "/catalog/metrics", "/search?q=x"):
        answer = client.get(address)
        assert (answer.status_code, "No data yet" in answer.text) == (200, True), address
    assert client.get("/catalog/table/shop/orders").status_code == 404


def test_what_is_wrong_is_shown_to_admins_alone(tmp_path: Path) -> None:
    place = tmp_path / "store" / CATALOG / GENERATION / Audience.of(ALL).path
    write_example(tmp_path / "store", 6)
    (place / details_path("shop/table_0")).write_bytes(b"{")
    seen = {}
    for is_admin in (False, True):
        client = signed_in_app(tmp_path, is_admin=is_admin).test_client()
        answer = client.get("/catalog/table/shop/table_0")
        assert answer.status_code == 503
        assert "The catalog cannot be read" in answer.text
        seen[is_admin] = str(tmp_path) in answer.text
        assert client.get("/catalog/table/shop/table_3").status_code == 200
        assert client.get("/catalog").status_code == 200
    assert seen == {False: False, True: True}


def test_forbidden_and_absent_are_the_same(tmp_path: Path) -> None:
    write_example(tmp_path / "store", 6, audiences=ALL_AUDIENCES)
    client = signed_in_app(tmp_path, classes=["public"]).test_client()
    for forbidden, absent in (
        ("/catalog/table/hr/table_1", "/catalog/table/hr/table_7"),
        ("/catalog/column/hr/table_1?name=id", "/catalog/column/hr/table_7?name=id"),
        ("/catalog/folder/hr", "/catalog/folder/xx"),
    ):
        answers = [client.get(address) for address in (forbidden, absent)]
        without = [re.sub(r'value="[^"]{80,}"', "", answer.text) for answer in answers]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert without[0] == without[1]
    assert client.get("/catalog/metrics/monthly_revenue").status_code == 200


def test_no_page_has_a_word_of_other_classes(tmp_path: Path) -> None:
    write_example(tmp_path / "store", 9, audiences=ALL_AUDIENCES)
    client = signed_in_app(tmp_path, classes=["public"]).test_client()
    # elsewhere: a class by its name where it is requested, and the private half of a key
    others = ("/access", "/welcome")
    pages = [html for address, _, html in crawl(client) if not address.startswith(others)]
    pages += [client.get(f"/search?q={word}").text for word in ("table", "id", "day")]
    assert len(pages) > 10
    for html in pages:
        assert not re.search(r"hr/table|ledger/table|private|finance", html)


def test_a_class_that_was_taken_away_counts_at_once(tmp_path: Path) -> None:
    write_example(tmp_path / "store", 6, audiences=ALL_AUDIENCES)
    app = signed_in_app(tmp_path)
    client = app.test_client()
    etag = client.get("/catalog/table/hr/table_1").headers["ETag"]
    accounts: FixedAccounts = app.extensions["accounts"]
    accounts.names = ("public",)
    assert (
        client.get("/catalog/table/hr/table_1", headers={"If-None-Match": etag}).status_code == 404
    )


def test_what_is_kept_of_a_table_is_of_its_readers_and_its_generation(tmp_path: Path) -> None:
    write_example(tmp_path / "store", 6, audiences=ALL_AUDIENCES)
    app = signed_in_app(tmp_path, now=NOW)
    accounts: FixedAccounts = app.extensions["accounts"]
    client = app.test_client()
    address = "/catalog/table/shop/table_0"
    assert "ledger/table_2" in client.get(address).text  # which refers to it
    accounts.names = ("public",)
    assert "ledger/table_2" not in client.get(address).text
    accounts.names = ALL
    assert "ledger/table_2" in client.get(address).text
    later = "2026-12-01T120000Z-0002"
    write_example(tmp_path / "store", 2, audiences=ALL_AUDIENCES, generation=later)
    found = client.get(address).text
    assert "ledger/table_2" not in found
    assert later in found


def test_what_is_kept_of_a_table_has_no_age(tmp_path: Path) -> None:
    write_example(tmp_path / "store", 3, audiences=ALL_AUDIENCES)
    app = signed_in_app(tmp_path, now=NOW)
    client, address = app.test_client(), "/catalog/table/shop/table_0"
    assert "just now" in client.get(address).text
    app.extensions["clock"] = lambda: NOW + timedelta(hours=3)
    found = client.get(address).text
    assert "3 h ago" in found
    assert "just now" not in found


def test_a_page_that_a_browser_has_is_not_made_again(tmp_path: Path) -> None:
    client = client_of(tmp_path, 6)
    first = client.get("/catalog/table/shop/table_0")
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in first.headers["Vary"]
    etag = {"If-None-Match": first.headers["ETag"]}
    again = client.get("/catalog/table/shop/table_0", headers=etag)
    assert (again.status_code, again.data) == (304, b"")
    assert client.get("/catalog/table/shop/table_3", headers=etag).status_code == 200
    write_example(tmp_path / "store", 6, generation="2026-12-01T120000Z-0001")
    assert client.get("/catalog/table/shop/table_0", headers=etag).status_code == 200


def test_the_same_number_is_the_same_text_on_each_page(tmp_path: Path) -> None:
    client = client_of(tmp_path, 6)
    for table in example_catalog(6).index.tables:
        rows = number(table.rows)
        listed = [one.text for one in page(client, "/catalog").all("td", **{"class": "number"})]
        facts = [one.text for one in page(client, f"/catalog/table/{table.path}").all("dd")]
        assert rows in listed
        assert rows == facts[0]


@pytest.mark.parametrize("column", ["id", "day"])
def test_the_bars_of_a_plot_add_up_to_the_rows_beside_it(tmp_path: Path, column: str) -> None:
    found = page(client_of(tmp_path, 6), f"/catalog/column/shop/table_0?name={column}")
    bars = [number_of(row[2]) for row in found.rows("bars")]
    rows = number_of(found.all("dd")[0].text)
    assert sum(bars) == rows == 1_000
    assert found.all("tfoot")[0].text.startswith(f"All bars{rows:,}")
    assert f"{rows:,} in all" in found.all("figcaption")[0].text


def test_rows_that_came_with_the_key_of_another_are_counted(tmp_path: Path) -> None:
    example = example_catalog(3)
    client = client_of(tmp_path, 3)
    address = "/catalog/table/shop/table_0"
    assert "no row came with a key of another" in client.get(address).text
    tables = tuple(replace(one, duplicates=1_234) for one in example.index.tables)
    rewrite(tmp_path, replace(example, index=replace(example.index, tables=tables)))
    again = signed_in_app(tmp_path, now=NOW).test_client()
    assert "1,234 rows came with a key of another, and gave way" in again.get(address).text


def test_frequent_values_others_and_null_add_up_to_the_rows(tmp_path: Path) -> None:
    found = page(client_of(tmp_path, 6), "/catalog/column/shop/table_0?name=status")
    rows = found.rows("top")
    assert [row[0] for row in rows] == ["paid", "(empty text)", "All others"]
    assert sum(number_of(row[1]) for row in rows) == 1_000


@pytest.mark.parametrize("long", [0, 10_000])
def test_hostile_names_are_inert(tmp_path: Path, long: int) -> None:
    client = client_of(tmp_path, 6, hostile=True, long=long)
    addresses = [address for address, _, _ in crawl(client)]
    addresses.append("/search?q=" + "table")
    assert len(addresses) > 20
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert len(answer.data) < 150_000
        assert "\u202e" not in answer.text
        found = read(answer.text)
        assert not found.all("script", src="x")
        assert [one for one in found.all("img") if one.attributes.get("src") == "x"] == []
        assert len(found.all("script")) == 1
        for one in found.elements:
            assert not [name for name in one.attributes if name.startswith("on") or name == "style"]


def test_hostile_words_are_shown_as_they_are(tmp_path: Path) -> None:
    client = client_of(tmp_path, 6, hostile=True)
    found = page(client, "/catalog/table/shop/table_0")
    assert any("<img src=x onerror=alert(1)>" in one.text for one in found.all("p"))
    assert any("{{7*7}}" in one.text for one in found.all("p"))
    assert any("\\u202egnp.exe\\u202c" in one.text for one in found.all("p"))


def test_what_is_searched_for_is_shown_and_nothing_else(tmp_path: Path) -> None:
    client = client_of(tmp_path, 6)
    answer = client.get("/search", query_string={"q": HOSTILE})
    found = read(answer.text)
    assert found.all("input", name="q")[0].attributes["value"] == HOSTILE
    assert len(found.all("script")) == 1
    assert client.get("/search?q=").location == "/catalog"


def test_a_table_of_500_columns_has_pages_of_them(tmp_path: Path) -> None:
    example = example_catalog(3)
    write_example(tmp_path / "store", 3, audiences=ALL_AUDIENCES)
    column = example.index.tables[0].columns[2]
    columns = tuple(replace(column, name=f"c{at}", description="x" * 10_000) for at in range(500))
    tables = tuple(replace(one, columns=columns) for one in example.index.tables)
    rewrite(tmp_path, replace(example, index=replace(example.index, tables=tables)))
    client = signed_in_app(tmp_path, now=NOW).test_client()
    answer = client.get("/catalog/table/shop/table_0")
    assert len(answer.data) < 150_000
    assert "?page=5#columns" in answer.text
    assert ">c499<" in client.get("/catalog/table/shop/table_0?page=5").text


MANY = 130


def with_long_lists(folder: Path) -> tuple[FlaskClient, dict[str, list[str]]]:
    """A portal in which everything that a page lists is long; each has words of its own."""
    example = example_catalog(3)
    write_example(folder / "store", 3, audiences=ALL_AUDIENCES)
    first = example.index.tables[0]
    words = {
        kind: [f"{kind}{at}x" for at in range(MANY)]
        for kind in ("text", "column", "sample", "alert", "warning", "part", "metric", "folder")
    }
    details = example.details[first.path]
    assert details.profile is not None
    column = details.profile["columns"][0]
    profile = {
        **details.profile,
        "columns": [{**column, "name": name} for name in words["column"]],
        "samples": [words["sample"]],
        "alerts": [{"kind": "gap", "column": None, "message": one} for one in words["alert"]],
    }
    details = replace(
        details,
        description="Title\n\n" + "\n\n".join(words["text"]),
        warnings=tuple(words["warning"]),
        parts=tuple(replace(details.parts[0], partition=one) for one in words["part"]),
        profile=profile,
    )
    content = to_json(details)
    changed = replace(
        first,
        sha256=hashlib.sha256(content).hexdigest(),
        columns=tuple(replace(first.columns[0], name=name) for name in words["column"]),
        partitioning=Partitioning("column0x", "month"),
    )
    relation = replace(example.index.relations[0], table=first.path)
    index = replace(
        example.index,
        tables=(
            changed,
            *example.index.tables[1:],
            *(replace(example.index.tables[2], path=f"{one}/t") for one in words["folder"]),
        ),
        folders=tuple(CatalogFolder(one) for one in words["folder"]),
        metrics=tuple(
            replace(example.index.metrics[1], name=one, title=one) for one in words["metric"]
        ),
        relations=tuple(replace(relation, column=name) for name in words["column"]),
    )
    base = folder / "store" / CATALOG / GENERATION / example.audience.path
    (base / details_path(first.path)).write_bytes(content)
    rewrite(folder, replace(example, index=index))
    return signed_in_app(folder, now=NOW).test_client(), words


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        (
            "/catalog/table/shop/table_0",
            {"text", "column", "sample", "alert", "warning", "part", "metric"},
        ),
        ("/catalog/metrics", {"metric"}),
        ("/catalog", {"folder"}),
        ("/search?q=metric", {"metric"}),
        ("/search?q=column", {"column"}),
    ],
)
def test_the_rest_of_each_long_list_is_reached_by_links(
    tmp_path: Path, address: str, kinds: set[str]
) -> None:
    client, words = with_long_lists(tmp_path)
    place = address.partition("?")[0]
    left, seen, texts = [address], {address}, ""
    while left:
        found = page(client, left.pop())
        texts += found.all("main")[0].text + " ".join(one.text for one in found.all("nav"))
        parts = {one.partition("#")[0] for one in found.links if one.partition("?")[0] == place}
        left += sorted(parts - seen)
        seen |= parts
    missing = {kind: [one for one in words[kind] if one not in texts] for kind in kinds}
    assert missing == {kind: [] for kind in kinds}


def test_a_part_of_a_list_that_is_not_there_is_not_a_page(tmp_path: Path) -> None:
    client, _ = with_long_lists(tmp_path)
    for name in ("alerts", "warnings", "partitions", "metrics", "samples", "text", "relations"):
        assert client.get(f"/catalog/table/shop/table_0?{name}=99").status_code == 404
    assert client.get("/search?q=metric&metrics=99").status_code == 404


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a?b&c=#d%", "č", "x" * 1_000, "+ +"])
def test_a_column_of_any_name_has_its_page(tmp_path: Path, name: str) -> None:
    example = example_catalog(3)
    write_example(tmp_path / "store", 3, audiences=ALL_AUDIENCES)
    first = example.index.tables[0]
    changed = replace(first, columns=(replace(first.columns[1], name=name),))
    index = replace(example.index, tables=(changed, *example.index.tables[1:]))
    rewrite(tmp_path, replace(example, index=index))
    client = signed_in_app(tmp_path, now=NOW).test_client()
    link = next(
        one
        for one in page(client, f"/catalog/table/{first.path}").links
        if one.startswith(f"/catalog/column/{first.path}")
    )
    assert page(client, link).all("h1")[0].text == name
    assert client.get(f"/catalog/column/{first.path}?name=other").status_code == 404


def test_the_instance_has_its_own_words_on_every_page(tmp_path: Path) -> None:
    words = {
        "name": "Nord & Süd",
        "subtitle": "Numbers of the house",
        "copyright": "Nord Ltd. 2026",
        "support": "https://help.example.com/data?x=1&y=2",
        "accent": "#7a1fa2",
    }
    write_example(tmp_path / "store", 3)
    people = {"anna": {"initials": "AÉ"}, "bob": {"initials": "BB"}}
    instance = Instance.model_validate({"instance": words, "users": people})
    app = signed_in_app(tmp_path, instance=instance)
    found = page(app.test_client(), "/catalog")
    assert [one.text for one in found.all("span", **{"class": "avatar"})] == ["AÉ"]
    texts = " ".join(one.text for one in found.elements if one.tag in ("header", "footer", "title"))
    for word in ("Nord & Süd", "Numbers of the house", "Nord Ltd. 2026", words["support"]):
        assert word in texts
    assert words["support"] in [one.attributes.get("href") for one in found.all("a")]
    accent = next(
        href for one in found.all("link") if "accent" in (href := one.attributes["href"] or "")
    )
    assert "--accent: #7a1fa2" in app.test_client().get(accent).text


def test_a_contact_by_mail_is_a_link(tmp_path: Path) -> None:
    words = Instance.model_validate({"instance": {"support": "data@example.com"}})
    found = read(signed_in_app(tmp_path, instance=words).test_client().get("/catalog").text)
    assert found.all("a", href="mailto:data@example.com")
