"""The two files together, as a person writes them."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from broker.config import load_description, load_instance

INSTANCE = """\
instance:
  name: Acme
auth:
data_source:
  type: csv
  path: input
sync:
  memory_limit: 512MiB
  retention: {days: 7}
access_classes:
  hr: {folders: [people]}
"""

DESCRIPTION = """\
# Our data

```yaml
folder_mapping:
  in.c-crm: crm
tables:
  - id: in.c-crm.customers
    primary_key: id
    freshness: 6h
```

Orders come later.

```yaml
tables:
  - id: in.c-crm.orders
    name: sales
    folder: shop
    primary_key: "id, no"
    sync_strategy: incremental
    deletions: census
    partition_by: created
    where_filters:
      - {column: created, operator: ge, values: "{{last_week}}"}
```
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "instance.yaml").write_text(INSTANCE)
    (tmp_path / "data_description.md").write_text(DESCRIPTION)
    return tmp_path


def test_instance(folder: Path) -> None:
    instance = load_instance(folder, {})
    assert instance.instance.name == "Acme"
    assert instance.data_source is not None
    assert instance.data_source.settings == {"path": str(folder / "input")}
    assert instance.sync.memory_limit == 512 * 1024 * 1024
    assert instance.sync.retention.days == 7
    assert instance.class_names == ("public", "private", "hr")


def test_description(folder: Path) -> None:
    customers, orders = load_description(folder, load_instance(folder, {}))
    assert (customers.path, customers.key) == ("crm/customers", ("id",))
    assert customers.freshness == timedelta(hours=6)
    assert (orders.path, orders.key) == ("shop/sales", ("id", "no"))
    assert (orders.bucket, orders.granularity) == ("in.c-crm", "month")
    assert orders.filters(date(2026, 1, 8)) == (
        {"column": "created", "operator": "ge", "values": ["2026-01-01"]},
    )


def test_options_of_a_csv_table_are_those_that_are_written(tmp_path: Path) -> None:
    (tmp_path / "data_description.md").write_text(
        "```yaml\ntables:\n"
        "  - {id: a.b, file: 'b-*.csv', csv: {delimiter: tab, header: no, columns: x}}\n"
        "  - {id: a.c}\n```\n"
    )
    first, second = load_description(tmp_path)
    assert first.options == {
        "file": "b-*.csv",
        "delimiter": "\t",
        "header": False,
        "columns": ("x",),
    }
    assert second.options == {}
