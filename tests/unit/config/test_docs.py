"""``docs/configuration.md`` says what the declaration says, and its examples are real."""

from __future__ import annotations

import json
import re
import runpy
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from broker.config import json_schema, load_description, load_instance, load_metrics
from broker.config.columntypes import SIMPLE
from broker.config.description import DescriptionFile
from broker.config.instance import Instance
from broker.config.markdown import yaml_blocks
from broker.config.metric import MetricDescription
from broker.config.problems import section_of
from broker.config.reference import render
from broker.metrics.select import names_in, one_select

DOCUMENT = Path(__file__).parents[3] / "docs/configuration.md"
EXAMPLE = re.compile(r"<!-- example (\S+) -->\n(?P<fence>`{3,})\w+\n(.*?)\n(?P=fence)\n", re.DOTALL)


@pytest.fixture(scope="module")
def text() -> str:
    return DOCUMENT.read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, text: str) -> Path:
    """The examples of the document, as files."""
    (tmp_path / "metrics").mkdir()
    for name, _, content in EXAMPLE.findall(text):
        (tmp_path / name).write_text(content + "\n", encoding="utf-8")
    return tmp_path


def sections(model: type) -> set[type]:
    inner = {section_of(field.annotation) for field in model.model_fields.values()} - {None}
    return {model} | {one for section in inner if section for one in sections(section)}


def test_tables_of_keys_are_up_to_date(text: str) -> None:
    assert render(text) == text


def test_command_that_brings_them_up_to_date(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "configuration.md"
    copy.write_text(re.sub(r"\| `threads` .*\n", "", text), encoding="utf-8")
    monkeypatch.delitem(sys.modules, "broker.config.reference")
    monkeypatch.setattr(sys, "argv", ["reference", str(copy)])
    runpy.run_module("broker.config.reference", run_name="__main__")
    assert copy.read_text(encoding="utf-8") == text


def test_every_key_stands_in_the_document(text: str) -> None:
    for section in sections(Instance) | sections(DescriptionFile) | sections(MetricDescription):
        for name, field in section.model_fields.items():
            assert re.search(rf"^\| `{name}` \|.*\| {re.escape(field.description)} \|$", text, re.M)


def test_every_type_stands_in_the_document(text: str) -> None:
    assert [name for name in SIMPLE if f"`{name}`" not in text] == []


def test_examples_load_without_a_warning(folder: Path) -> None:
    instance = load_instance(folder, {"KEBOOLA_TOKEN": "t"})
    description = load_description(folder, instance)
    assert description.warnings == ()
    assert {table.id: (table.path, instance.access_of(table)) for table in description} == {
        "in.c-crm.customers": ("crm/customers", "public"),
        "in.c-crm.orders": ("crm/orders", "public"),
        "web.clicks": ("web/clicks", "public"),
        "people.salaries": ("people/salaries", "hr"),
    }
    assert instance.group_of("hr") == "data-hr"
    assert [instance.source_of(table).name for table in description] == [
        *("crm", "crm", "files", "files")
    ]


def test_the_example_of_a_metric_is_complete_and_one_select(folder: Path) -> None:
    path = folder / "metrics/monthly_revenue.yml"
    (one,) = load_metrics(folder)
    assert set(yaml.safe_load(path.read_text())) == set(MetricDescription.model_fields)
    assert names_in(one_select(one.metric.sql)) == {"orders"}
    jsonschema.validate(yaml.safe_load(path.read_text()), json_schema("metric"))


def test_instance_example_is_complete(folder: Path) -> None:
    """Of the two ways to name sources it can show only one."""
    written = yaml.safe_load((folder / "instance.yaml").read_text())
    assert set(written) == set(Instance.model_fields) - {"data_source"}


def test_message_in_the_document_is_the_real_one(folder: Path, text: str) -> None:
    (message,) = re.findall(r"^    broker: config/data_description\.md:9: (.*)$", text, re.M)
    (folder / "data_description.md").write_text(
        "# x\n\n```yaml\nfolder_mapping:\n  a: b\ntables:\n"
        "  - id: in.c-crm.orders\n    primary_key: x\n    sync_strategy: increment\n```\n"
    )
    with pytest.raises(Exception, match=re.escape(f"data_description.md:9: {message}")):
        load_description(folder)


def test_examples_are_right_by_the_json_schema(folder: Path) -> None:
    instance = yaml.safe_load((folder / "instance.yaml").read_text())
    jsonschema.validate(instance, json_schema("instance"))
    blocks = yaml_blocks((folder / "data_description.md").read_text())
    assert len(blocks) == 3
    for block in blocks:
        jsonschema.validate(yaml.safe_load(block.text), json_schema("description"))


@pytest.mark.parametrize("which", ["instance", "description", "metric"])
def test_json_schema_is_one_and_says_something_of_every_key(which: str) -> None:
    schema = json_schema(which)  # type: ignore[arg-type]
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    for part in (schema, *schema.get("$defs", {}).values()):
        for name, key in part.get("properties", {}).items():
            assert key.get("description"), name


@pytest.mark.parametrize(
    ("which", "value"),
    [
        ("instance", {"sync": {"thread": 4}}),
        ("instance", {"sync": {"threads": 0}}),
        ("instance", {"data_source": {"path": "x"}}),
        ("instance", {"auth": "example.com"}),
        ("description", {"tables": [{"name": "a"}]}),
        ("description", {"tables": [{"id": "a.b", "sync_strategy": "increment"}]}),
        ("description", {"tables": [{"id": "a.b", "freshness": "6 hours"}]}),
        ("description", {"tables": [{"id": "a.b", "name": "a/b"}]}),
        ("metric", {"name": "a", "title": "A"}),
        ("metric", {"name": "a b", "title": "A", "sql": "SELECT 1"}),
        ("metric", {"name": "a", "title": "A", "sql": "SELECT 1", "grain": "second"}),
    ],
)
def test_json_schema_refuses(which: str, value: object) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(value, json_schema(which))  # type: ignore[arg-type]
