"""The list of metrics is taken as the signed manifest has it, and by name or synonym."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop.metrics.listing import metric_named, read_metrics
from broker.metrics.model import METRICS
from tests.laptop_folders import LaptopFolder, make_shop

from .conftest import CUSTOMERS, REVENUE

BOTH = (CUSTOMERS, REVENUE)


def test_the_metrics_of_the_generation_in_use(shop: LaptopFolder) -> None:
    assert read_metrics(*shop.workspace.in_use()) == BOTH


def test_a_generation_without_the_document_has_none(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    manifest, tree = folder.workspace.in_use()
    (tree / METRICS).write_bytes(b"{}")  # a file that no manifest lists is nobody's
    assert read_metrics(manifest, tree) == ()


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda path: path.write_bytes(path.read_bytes().upper()), "other content"),
        (lambda path: path.write_bytes(path.read_bytes() + b" "), "other content"),
        (lambda path: path.unlink(), "No such file"),
    ],
)
def test_a_file_that_is_not_as_listed_is_refused(
    tmp_path: Path, change: object, found: str
) -> None:
    folder = make_shop(tmp_path)
    folder.documents[METRICS] = b'{"metrics": [], "format": 1}'
    folder.publish()
    manifest, tree = folder.workspace.in_use()
    change(tree / METRICS)  # type: ignore[operator]
    with pytest.raises(LaptopError, match="is not as the manifest lists it") as error:
        read_metrics(manifest, tree)
    assert found in str(error.value)


def test_a_listed_file_that_no_broker_writes_is_refused(tmp_path: Path) -> None:
    folder = make_shop(tmp_path)
    folder.documents[METRICS] = b'{"metrics": [{"name": "../x"}], "format": 1}'
    folder.publish()
    with pytest.raises(LaptopError, match="the metrics cannot be used: the list of metrics"):
        read_metrics(*folder.workspace.in_use())


@pytest.mark.parametrize(
    "name", ["monthly_revenue", "Monthly Revenue", "turnover", "SALES-per  month"]
)
def test_a_metric_is_found_by_name_or_synonym(name: str) -> None:
    assert metric_named(BOTH, name) is REVENUE


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("monthly_revenu", "Did you mean monthly_revenue?"),
        ("turnovre", "Did you mean monthly_revenue?"),
        ("zebra", "`metrics` lists what there is."),
    ],
)
def test_one_that_is_not_there_is_answered_with_the_nearest(name: str, remedy: str) -> None:
    with pytest.raises(LaptopError, match="there is no such metric") as error:
        metric_named(BOTH, name)
    assert error.value.remedy == remedy
    with pytest.raises(LaptopError, match="publishes no metric to you"):
        metric_named((), name)
