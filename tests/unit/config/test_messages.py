"""Every mistake that a person can make in the two files, and the exact line that answers it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from broker.config import find_config_dir, load_description, load_instance
from broker.config.problems import problems_of
from broker.errors import ConfigError

LONG = {
    "<SECTIONS>": "instance, auth, email, server, desktop, data_source, sources, users, "
    "username_mapping, datasets, catalog, telegram, access_classes, sync, profiles or metrics",
    "<KEYS>": "id, name, description, folder, dataset, access, source, file, csv, bigquery, "
    "primary_key, columns, types, null_values, where_filters, row_filter, sync_strategy, "
    "incremental_window_days, incremental_column, max_history_days, initial_load_chunk_days, "
    "partition_by, partition_granularity, deletions, tombstone, max_delete_fraction, "
    "on_schema_change, max_rejects, freshness, timeout, foreign_keys or profile_after_sync",
    "<NAME>": "a name of A-Z, a-z, 0-9, _, . and - that does not begin with . or -, has no '..' "
    "and no '.parquet' at its end, and is at most 100 characters long",
    "<TYPES>": "BOOLEAN, BIGINT, DOUBLE, VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, BLOB, JSON, "
    "DECIMAL(p,s) with s <= p <= 38, T[] or STRUCT(name T, …)",
}


def mistakes(name: str) -> list[object]:
    """The cases of a file beside this one, with what is too long to repeat put in."""
    cases = []
    for case in yaml.safe_load((Path(__file__).parent / name).read_text()):
        says = list(case["says"])
        for short, text in LONG.items():
            says = [line.replace(short, text) for line in says]
        cases.append(pytest.param(case["file"], says, id=case["case"]))
    return cases


def messages(error: ConfigError, folder: Path) -> list[str]:
    """The lines of an error, with paths as they look from inside the config folder."""
    return [str(problem).replace(f"{folder}/", "") for problem in problems_of(error)]


def instance_problems(folder: Path, variables: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_instance(folder, variables or {})
    return messages(caught.value, folder)


def description_problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_description(folder)
    return messages(caught.value, folder)


@pytest.mark.parametrize(("text", "says"), mistakes("mistakes_instance.yml"))
def test_instance(tmp_path: Path, text: str, says: list[str]) -> None:
    (tmp_path / "instance.yaml").write_text(text)
    assert instance_problems(tmp_path) == says


@pytest.mark.parametrize(("text", "says"), mistakes("mistakes_sign_in.yml"))
def test_signing_in(tmp_path: Path, text: str, says: list[str]) -> None:
    (tmp_path / "instance.yaml").write_text(text)
    assert instance_problems(tmp_path, {"SECRET": "s3cret"}) == says


@pytest.mark.parametrize(("text", "says"), mistakes("mistakes_description.yml"))
def test_description(tmp_path: Path, text: str, says: list[str]) -> None:
    (tmp_path / "data_description.md").write_text(text)
    assert description_problems(tmp_path) == says


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b"a: 1\nb: \x07\n",
            "instance.yaml:2: the YAML cannot be read: it holds a control character; "
            "found U+0007. Remove that character.",
        ),
        (b"a: 1\nb: \xff\n", "instance.yaml:2: the file is not UTF-8 text. Save it as UTF-8."),
        (b"[" * 3_000, "instance.yaml: the YAML is nested too deeply"),
        (b"- " * 3_000, "instance.yaml: the YAML is nested too deeply"),
    ],
    ids=["control character", "not UTF-8", "brackets", "dashes"],
)
def test_content_that_is_no_text_for_people(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "instance.yaml").write_bytes(content)
    assert instance_problems(tmp_path) == [says]


def test_missing_files(tmp_path: Path) -> None:
    assert instance_problems(tmp_path) == [
        "instance.yaml: the file is missing. docs/configuration.md shows one to begin with."
    ]
    assert description_problems(tmp_path) == [
        "data_description.md: the file is missing. Write one, or let 'broker discover' propose one."
    ]


def test_folder_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "instance.yaml").mkdir()
    assert instance_problems(tmp_path) == ["instance.yaml: the file cannot be read: Is a directory"]


def test_missing_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        find_config_dir(None, {})
    assert str(caught.value) == (
        "config: there is no config folder here. Name one with --config or in CONFIG_DIR."
    )


def test_files_of_datasets_are_told_by_their_own_lines(tmp_path: Path) -> None:
    (tmp_path / "data_description.md").write_text("# All our data\n")
    (tmp_path / "docs/datasets").mkdir(parents=True)
    (tmp_path / "docs/datasets/crm.md").write_text("```yaml\ntables:\n  - id: a.b\n    nam: c\n```")
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets/shop.md").write_text("```yaml\n\n\ntables: x\n```")
    assert description_problems(tmp_path) == [
        "datasets/shop.md:4: tables is wrong; expected a list; found 'x'",
        f"docs/datasets/crm.md:4: unknown key 'nam' in table a.b; expected {LONG['<KEYS>']}. "
        "Did you mean 'name'?",
    ]


INSTANCE = """\
sources:
  crm: {type: keboola, token: x}
  files: {type: csv, path: input}
datasets:
  shop: {}
access_classes:
  hr: {folders: [people]}
  finance: {datasets: [shop], tables: [people.salaries]}
"""


def against_instance(folder: Path, tables: str) -> list[str]:
    (folder / "instance.yaml").write_text(INSTANCE)
    (folder / "data_description.md").write_text(f"```yaml\ntables:\n{tables}```\n")
    with pytest.raises(ConfigError) as caught:
        load_description(folder, load_instance(folder, {}))
    return messages(caught.value, folder)


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (
            "  - {id: a.b, source: cmr}\n",
            "data_description.md:3: table a.b: source is not in instance.yaml; "
            "expected crm, files; found 'cmr'. Did you mean 'crm'?",
        ),
        (
            "  - {id: a.b}\n",
            "data_description.md:3: table a.b: source is missing; expected crm, files",
        ),
        (
            "  - {id: a.b, source: crm, access: finances}\n",
            "data_description.md:3: table a.b: access is not in instance.yaml; expected public, "
            "private, hr, finance; found 'finances'. Did you mean 'finance'?",
        ),
        (
            "  - {id: a.b, source: crm, dataset: shops}\n",
            "data_description.md:3: table a.b: dataset is not in instance.yaml; expected shop; "
            "found 'shops'. Did you mean 'shop'?",
        ),
        (
            "  - {id: people.b, source: crm, dataset: shop}\n",
            "data_description.md:3: table people.b is in several access classes: hr, finance. "
            "Say which with 'access:' on the table.",
        ),
    ],
)
def test_description_against_instance(tmp_path: Path, tables: str, says: str) -> None:
    assert against_instance(tmp_path, tables) == [says]


def listed(folder: Path, access_class: str) -> tuple[str, ...]:
    """The warnings for a class that lists this, beside the one table people/pay."""
    (folder / "instance.yaml").write_text(
        f"data_source: {{type: csv}}\naccess_classes:\n  hr:\n    {access_class}\n"
    )
    (folder / "data_description.md").write_text("```yaml\ntables:\n  - {id: people.pay}\n```\n")
    return load_description(folder, load_instance(folder, {})).warnings


@pytest.mark.parametrize(
    ("access_class", "says"),
    [
        ("folders: [people, peple]", "folders lists 'peple', where no table is described. 'people"),
        ("folders: People", "folders lists 'People', where no table is described. 'people"),
        (
            "tables: people.payy",
            "tables lists 'people.payy', where no table is described. 'people.",
        ),
    ],
)
def test_misspelt_listing_does_not_leave_a_table_to_the_public(
    tmp_path: Path, access_class: str, says: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        listed(tmp_path, access_class)
    (line,) = messages(caught.value, tmp_path)
    expected = "instance.yaml:4: access_classes.hr." + says.replace(". '", ". Did you mean '")
    assert line.startswith(expected)


def test_listing_of_what_is_not_described_yet_is_a_warning(tmp_path: Path) -> None:
    assert listed(tmp_path, "folders: [people, legal]") == (
        f"{tmp_path}/instance.yaml:4: access_classes.hr.folders lists 'legal', "
        "where no table is described",
    )


def test_warnings(tmp_path: Path) -> None:
    (tmp_path / "data_description.md").write_text(
        """\
```yaml
tables:
  - id: crm.orders
    primary_key: id
    sync_strategy: incremental
    query_mode: local
    sync_schedule: every 15m
    foreign_keys:
      - {column: customer_id, references: customer.id}
  - id: crm.customers
    foreign_keys:
      - {column: a, references: crm.orders.id}
      - {column: b, references: orders.id}
      - {column: c, references: orders}
```
"""
    )
    warnings = load_description(tmp_path).warnings
    assert [warning.replace(f"{tmp_path}/", "") for warning in warnings] == [
        "data_description.md:6: table crm.orders: query_mode has no effect",
        "data_description.md:7: table crm.orders: sync_schedule has no effect",
        "data_description.md:5: table crm.orders: deletions is not declared, so rows deleted in "
        "the source stay",
        "data_description.md:9: table crm.orders: foreign_keys[0].references is not a described "
        "table; found 'customer.id'. Did you mean 'customers'?",
    ]


def test_warnings_of_deletions(tmp_path: Path) -> None:
    (tmp_path / "data_description.md").write_text(
        """\
```yaml
tables:
  - id: web.clicks
    deletions: append_only
    max_delete_fraction: 0.1
  - id: web.carts
    primary_key: id
    sync_strategy: partitioned
    partition_by: day
    deletions: tombstone
    tombstone: {column: gone}
  - id: web.orders
    primary_key: id
    sync_strategy: incremental
    deletions: tombstone
    tombstone: {column: gone}
    where_filters: [{column: status, values: open}]
  - id: web.visits
    primary_key: id
    sync_strategy: incremental
    deletions: census
    where_filters: [{column: status, values: open}]
```
"""
    )
    warnings = load_description(tmp_path).warnings
    assert [warning.replace(f"{tmp_path}/", "") for warning in warnings] == [
        "data_description.md:5: table web.clicks: max_delete_fraction has no effect, because "
        "deletions is append_only: any row that would go waits for approval",
        "data_description.md:10: table web.carts: deletions finds only marks in the partitions "
        "that are read again; expected census, or 'sync_strategy: incremental', so that marks of "
        "older rows count",
        "data_description.md:17: table web.orders: where_filters keeps the old version of a row "
        "that no longer matches the filter; expected 'deletions: census', which takes it away",
    ]
