"""A folder ``metrics`` as a person writes it: one metric in each file."""

from pathlib import Path

import pytest

from broker.config import InvalidConfigError, load_metrics

REVENUE = """\
name: monthly_revenue
title: Revenue per month
description: Without cancelled orders.
unit: EUR
grain: month
time_column: month
owner: Finance
synonyms: turnover, sales per month
sql: |
  SELECT date_trunc('month', day) AS month, sum(total) AS revenue
  FROM orders
  GROUP BY ALL
"""
ORDERS = "name: orders\ntitle: Orders\nsql: SELECT count(*) FROM orders\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "metrics").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    path = folder / "metrics" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def problems(folder: Path) -> list[str]:
    with pytest.raises(InvalidConfigError) as error:
        load_metrics(folder)
    return [str(one).replace(f"{folder}/", "") for one in error.value.problems]


def test_a_metric(folder: Path) -> None:
    write(folder, "revenue.yml", REVENUE)
    (one,) = load_metrics(folder)
    assert one.metric.model_dump() == {
        "name": "monthly_revenue",
        "title": "Revenue per month",
        "description": "Without cancelled orders.",
        "unit": "EUR",
        "grain": "month",
        "time_column": "month",
        "sql": "SELECT date_trunc('month', day) AS month, sum(total) AS revenue\n"
        "FROM orders\nGROUP BY ALL\n",
        "owner": "Finance",
        "synonyms": ("turnover", "sales per month"),
    }


def test_no_folder_is_no_metric_and_other_files_are_not_read(tmp_path: Path) -> None:
    assert load_metrics(tmp_path) == ()
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/README.md").write_text("Ours.")
    assert load_metrics(tmp_path) == ()


def test_they_come_by_the_names_of_their_files(folder: Path) -> None:
    write(folder, "b.yml", REVENUE)
    write(folder, "a.yml", ORDERS)
    assert [one.metric.name for one in load_metrics(folder)] == ["orders", "monthly_revenue"]


@pytest.mark.parametrize("name", ["revenue.yaml", "finance/revenue.yml"])
def test_a_file_that_would_not_be_read_is_refused(folder: Path, name: str) -> None:
    write(folder, name, REVENUE)
    (problem,) = problems(folder)
    assert problem.startswith(f"metrics/{name}: this file would not be read as a metric; expected ")
    assert problem.endswith(" metrics/NAME.yml. Move or rename it.")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("name: monthly_revenue\n", "", "metrics/m.yml:1: name is missing"),
        (
            "name: monthly_revenue",
            "name: Monthly revenue",
            "metrics/m.yml:1: name is wrong; expected a name of a-z, 0-9 and _ that begins with a "
            "letter; found 'Monthly revenue'",
        ),
        ("unit: EUR", "units: EUR", "metrics/m.yml:4: unknown key 'units'; expected name, title, "),
        (
            "grain: month\n",
            "grain: months\n",
            "metrics/m.yml:5: grain is wrong; expected day, week, month, quarter or year; found "
            "'months'. Did you mean 'month'?",
        ),
        (
            "grain: month\n",
            "",
            "metrics/m.yml:1: the YAML is wrong; expected grain and time_column, or neither of ",
        ),
        ("title: Revenue per month", f"title: {'x' * 201}", "metrics/m.yml:2: title is wrong"),
        ("unit: EUR", "name: again", "metrics/m.yml:4: the key 'name' stands twice, first in "),
        ("sql: |", "sql: >", None),
    ],
)
def test_a_mistake_names_line_and_key(
    folder: Path, old: str, new: str, expected: str | None
) -> None:
    write(folder, "m.yml", REVENUE.replace(old, new))
    if expected is None:
        assert len(load_metrics(folder)) == 1
        return
    assert problems(folder)[0].startswith(expected)


def test_what_is_not_yaml_or_not_text_has_its_place(folder: Path) -> None:
    write(folder, "a.yml", "name: [\n")
    (folder / "metrics/b.yml").write_bytes(b"name: x\ntitle: \xff\n")
    first, second = problems(folder)
    assert first.startswith("metrics/a.yml:2: the YAML cannot be read")
    assert second == "metrics/b.yml:2: the file is not UTF-8 text. Save it as UTF-8."


def test_names_and_synonyms_are_each_of_one_metric(folder: Path) -> None:
    write(folder, "a.yml", REVENUE)
    write(folder, "b.yml", ORDERS + "synonyms: [Sales-Per_Month]\n")
    write(folder, "c.yml", ORDERS)
    expected = "; expected names and synonyms that are each of one metric alone; found "
    assert problems(folder) == [
        f"metrics/b.yml:4: synonyms has a name of another metric{expected}'Sales-Per_Month', "
        "which is metric monthly_revenue at metrics/a.yml:1",
        f"metrics/c.yml:1: name has a name of another metric{expected}'orders', "
        "which is metric orders at metrics/b.yml:1",
    ]


def test_a_synonym_may_repeat_the_own_name(folder: Path) -> None:
    write(folder, "a.yml", REVENUE.replace("turnover", "monthly revenue"))
    assert len(load_metrics(folder)) == 1


def test_lines_of_sql_are_lines_of_the_file(folder: Path) -> None:
    write(folder, "a.yml", REVENUE)
    write(folder, "b.yml", ORDERS)
    revenue, orders = load_metrics(folder)
    assert revenue.where_in_sql(1) == f"{folder}/metrics/a.yml:10"
    assert revenue.where_in_sql(3) == f"{folder}/metrics/a.yml:12"
    assert orders.where_in_sql(1) == f"{folder}/metrics/b.yml:3"


def test_more_metrics_than_a_laptop_reads_are_refused(folder: Path) -> None:
    for number in range(1_001):
        write(folder, f"m{number}.yml", ORDERS.replace("name: orders", f"name: m{number}"))
    assert problems(folder) == [
        "metrics: there are too many metrics; expected 1,000 at most; found 1,001"
    ]
