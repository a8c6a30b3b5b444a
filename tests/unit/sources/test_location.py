"""Where the rows of a table are, as each source tells it, whatever id the table has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from broker.errors import ConfigError
from broker.sources.bigquery import BigQuerySource
from broker.sources.contract import Located, Location, TableRequest
from broker.sources.csv import CsvSource
from broker.sources.keboola import KeboolaSource
from broker.sync.places import places_of


@pytest.mark.parametrize(
    ("table_id", "file", "name"),
    [
        ("in.pay", None, "pay"),
        ("x", "pay.csv", "pay"),
        ("x", "./pay.csv.gz", "pay"),
        ("x", "pay/", "pay"),
        ("x", "sub//pay.csv", "sub/pay"),
        ("x", "sub/*.csv", "sub/*"),
        ("x", "pay.*", "pay*"),
        ("x", "pay.v1.csv", "pay.v1"),
    ],
)
def test_csv_by_the_path(table_id: str, file: str | None, name: str) -> None:
    source = CsvSource({"path": "in"}, Path("/config"))
    options = {"file": file} if file else {}
    found = source.location(TableRequest(table_id, options=options))
    assert found == Location(f"csv /config/in/{name}", name)


def test_csv_outside_of_its_folder_and_behind_a_url() -> None:
    source = CsvSource({"path": "/in"}, Path("/config"))
    absolute = source.location(TableRequest("x", options={"file": "/in/pay.csv"}))
    assert absolute == Location("csv /in/pay", "/in/pay")
    url = "https://bob:secret@files.example.com/pay.csv?signature=secret"
    remote = source.location(TableRequest("x", options={"file": url}))
    assert remote == Location("csv https:/files.example.com/pay", "https:/files.example.com/pay")
    bucket = CsvSource({"path": "s3://acme/in/"}, Path("/config"))
    assert bucket.location(TableRequest("a.pay")).whole == "csv s3:/acme/in/pay"


def bigquery(table_id: str, **options: Any) -> Location:
    source = BigQuerySource({"project": "acme", "dataset": "hr"}, Path())
    return source.location(TableRequest(table_id, options=options))


def test_bigquery_by_the_full_name_or_the_query() -> None:
    assert bigquery("pay").whole == "bigquery acme.hr.pay"
    assert bigquery("x", table="acme.hr.pay").whole == "bigquery acme.hr.pay"
    one = bigquery("x", query="SELECT *\n  FROM pay;")
    assert one == bigquery("y", query="SELECT * FROM pay")
    assert one != bigquery("x", query="SELECT 1 FROM pay")
    with pytest.raises(ConfigError, match="does not say which dataset"):
        BigQuerySource({"project": "acme"}, Path()).location(TableRequest("pay"))


def test_keboola_by_project_and_branch() -> None:
    settings = {"url": "https://connection.keboola.com", "token": "secret", "project": 7}
    table = TableRequest("in.c-hr.pay")
    found = KeboolaSource(settings, Path()).location(table)
    assert found == Location("keboola connection.keboola.com/7/production/in.c-hr.pay", table.id)
    assert KeboolaSource({**settings, "branch": 3}, Path()).location(table) != found


def test_a_place_is_known_by_the_name_of_the_source_too() -> None:
    source = CsvSource({"path": "/in"}, Path("/config"))
    assert isinstance(source, Located)
    assert places_of("files", source, TableRequest("a.pay")) == {"csv /in/pay", "source files/pay"}


class Simple:
    """A source of another package, which has not more than the four calls."""

    discover = describe = read = read_keys = None


class Broken(Simple):
    """One that has a fault."""

    def location(self, table: TableRequest) -> Location:
        raise ZeroDivisionError(table.id)


def test_a_source_that_cannot_tell_has_its_tables_by_their_id() -> None:
    source: Any = Simple()
    assert places_of("own", source, TableRequest("a.pay")) == {"source own/a.pay"}
    broken: Any = Broken()
    assert places_of("own", broken, TableRequest("a.pay")) == {"source own/a.pay"}
    nowhere = BigQuerySource({"project": "acme"}, Path())
    assert places_of("lake", nowhere, TableRequest("pay")) == {"source lake/pay"}
