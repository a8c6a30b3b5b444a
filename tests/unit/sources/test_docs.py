"""docs/sources.md is checked against the code: its example runs, and it names every option."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml

from broker.config.description import CsvDialect, TableDescription
from broker.sources.bigquery.settings import Settings as BigQuerySettings
from broker.sources.contract import Source, TableRequest, Window
from broker.sources.csv.source import Settings
from broker.sources.delimited.filenames import SUFFIXES
from broker.sources.delimited.formats import rewritten
from broker.sources.delimited.reading import MAX_REJECTS
from broker.sources.delimited.slices import LONGEST_RECORD
from broker.sources.keboola.settings import Settings as KeboolaSettings
from broker.sources.registry import BUILT_IN, GROUP, open_source

TEXT = (Path(__file__).parents[3] / "docs/sources.md").read_text()


# What each section's table of options has to list, all of it and nothing else.
OPTIONS = {"CSV": CsvDialect, "Keboola": KeboolaSettings, "BigQuery": BigQuerySettings}
SETTINGS = {"csv": Settings, "keboola": KeboolaSettings, "bigquery": BigQuerySettings}


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package of the example, as pip would leave it."""
    example, imports = blocks("python")
    points = tomllib.loads(blocks("toml")[0])["project"]["entry-points"][GROUP]
    module = next(iter(points.values())).partition(":")[0]
    (tmp_path / f"{module}.py").write_text(imports + example)
    info = tmp_path / "company_sources-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: company-sources\nVersion: 1.0\n")
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_the_example_is_a_source() -> None:
    source = open_source("calendar", {"year": "2026"}, Path())
    assert isinstance(source, Source)
    (table,) = source.discover()
    assert (table.id, table.primary_key) == ("days", ("day",))
    reading = source.read(TableRequest(table.id), Window())
    days = [row["day"] for batch in reading.batches() for row in batch.to_pylist()]
    assert (days[0], days[-1], len(days)) == (date(2026, 1, 1), date(2026, 12, 31), 365)
    assert reading.end().rows == 365


def test_every_option_stands_there() -> None:
    names = [*CsvDialect.model_fields, *Settings.model_fields, *SUFFIXES]
    assert [name for name in names if not re.search(rf"`[^`]*{re.escape(name)}", TEXT)] == []


def test_every_source_has_its_section() -> None:
    assert {*SETTINGS} == {title.lower() for title in OPTIONS} == {*BUILT_IN}


@pytest.mark.parametrize("title", OPTIONS)
def test_every_option_that_stands_there_exists(title: str) -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| ", section(title), re.MULTILINE)
    assert set(rows) == set(OPTIONS[title].model_fields)


def test_the_descriptions_are_valid() -> None:
    documents: list[dict[str, Any]] = [yaml.safe_load(block) for block in blocks("yaml")]
    tables = [table for one in documents for table in one.get("tables", [])]
    assert [TableDescription.model_validate(table).options for table in tables]
    for one in documents:
        if source := one.get("data_source"):
            settings = {key: value for key, value in source.items() if key != "type"}
            SETTINGS[source["type"]].model_validate(settings)


def test_the_limits_are_the_real_ones() -> None:
    assert f"{MAX_REJECTS:,} such rows" in TEXT
    assert f"{LONGEST_RECORD >> 20} MiB" in TEXT


def test_the_formats_of_columns_read_what_stands_beside_them() -> None:
    (block,) = (one for one in blocks("yaml") if "formats:" in one)
    formats = CsvDialect.model_validate(yaml.safe_load(block)["csv"]).formats
    beside = dict(re.findall(r"^    (\w+): .*}\s*# (\S.*)$", block, re.MULTILINE))
    written = {**beside, "balance": "(12.00)", "is_paid": "t", "code": " A1 "}
    found = {}
    for column, format_ in formats.items():
        values, misfits = rewritten(pa.chunked_array([[written[column]]], pa.string()), format_)
        assert misfits.to_pylist() == [False]
        found[column] = values[0].as_py()
    assert found == {
        "ordered_on": "2026-01-31",
        "shipped_at": "2026-01-31 15:04:00",
        "amount": "1234.50",
        "balance": "-12.00",
        "is_paid": "true",
        "code": "A1",
        "logged_at": "10:00:00.123456",
    }
