"""Written out as YAML and read again, a table and an instance are what they were."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.config import Instance, TableDescription, load_description, load_instance
from broker.config.description import DescriptionFile
from broker.config.problems import problems_of
from broker.errors import ConfigError

COLUMN = st.text(min_size=1, max_size=15)
NAMES = st.lists(COLUMN, max_size=4, unique=True)
SAFE = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,12}", fullmatch=True)
TEXT = st.text(max_size=30)
MARK = st.sampled_from(["", "'", "|", "\\", ";", "\t"])

FILTERS = st.lists(
    st.fixed_dictionaries(
        {
            "column": COLUMN,
            "operator": st.sampled_from(["eq", "ne", "in", "notIn"]),
            "values": st.lists(TEXT.filter(lambda text: "{{" not in text), min_size=1, max_size=3),
        }
    ),
    max_size=3,
)
KEYED = st.fixed_dictionaries(
    {
        "id": st.from_regex(r"[a-z]{1,8}\.[a-z-]{0,4}[a-z]{1,8}", fullmatch=True),
        "name": SAFE,
        "primary_key": NAMES.filter(bool),
    },
    optional={
        "description": TEXT,
        "folder": SAFE,
        "access": st.sampled_from(["public", "private", "finance"]),
        "source": st.sampled_from(["crm", "files-2"]),
        "null_values": st.lists(TEXT, max_size=3),
        "types": st.dictionaries(COLUMN, st.sampled_from(["BIGINT", "DECIMAL(9,2)", "DATE[]"])),
        "sync_strategy": st.sampled_from(["full_refresh", "incremental"]),
        "incremental_window_days": st.integers(0, 400),
        "partition_by": COLUMN,
        "max_delete_fraction": st.floats(0, 1),
        "max_rejects": st.integers(0, 10**9),
        "freshness": st.integers(1, 10**6).map(lambda minutes: timedelta(minutes=minutes)),
        "where_filters": FILTERS,
        "csv": st.fixed_dictionaries(
            {}, optional={"header": st.booleans(), "quote": MARK, "columns": NAMES.filter(bool)}
        ),
    },
)


def read_back(data: dict[str, Any]) -> tuple[TableDescription, ...]:
    text = yaml.safe_dump(data, sort_keys=False)
    with tempfile.TemporaryDirectory() as name:
        Path(name, "data_description.md").write_text(f"# T\n\n~~~yaml\n{text}~~~\n")
        return load_description(Path(name)).tables


@settings(max_examples=50, deadline=None)
@given(KEYED.map(TableDescription.model_validate))
def test_table(table: TableDescription) -> None:
    """With every default written out, and with none of them."""
    for unset in (True, False):
        written = table.model_dump(mode="json", exclude_unset=unset, exclude_none=True)
        if not table.csv.columns:
            written.get("csv", {}).pop("header", None)  # false asks for names of columns
        (again,) = read_back({"tables": [written]})
        assert again.model_dump(mode="json", exclude={"csv"}) == {
            **table.model_dump(mode="json", exclude={"csv"}),
            "folder": again.folder,
        }
        assert again.path == table.path
        assert again.csv.quote == table.csv.quote


# Variables stand in values alone, so a key has no way to write the two characters twice.
KEY = st.text(min_size=1, max_size=10).filter(lambda text: "${" not in text)
ACCOUNTS = st.dictionaries(KEY, st.fixed_dictionaries({}, optional={"name": TEXT}))


def _groups_apart(classes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {**one, "group": f"people-{name}"} if "group" in one else one
        for name, one in classes.items()
    }


INSTANCES = st.fixed_dictionaries(
    {},
    optional={
        "instance": st.fixed_dictionaries({}, optional={"name": TEXT, "subtitle": TEXT}),
        "users": ACCOUNTS,
        "username_mapping": st.dictionaries(
            st.from_regex(r"[a-z.+]{1,9}", fullmatch=True), st.sampled_from(["anna", "eva-2"])
        ),
        "access_classes": st.dictionaries(
            st.from_regex(r"[a-z]{1,3}", fullmatch=True).filter(lambda name: name != "ops"),
            st.fixed_dictionaries({}, optional={"folders": NAMES, "group": st.just("hr")}),
        ).map(_groups_apart),
        "sync": st.fixed_dictionaries(
            {},
            optional={
                "threads": st.integers(1, 256),
                "memory_limit": st.integers(64_000_000, 10**12),
            },
        ),
    },
)


@settings(max_examples=50, deadline=None)
@given(INSTANCES)
def test_instance(data: dict[str, Any]) -> None:
    instance = Instance.model_validate(data)
    for written in (data, instance.model_dump(mode="json", exclude_none=True)):
        text = yaml.safe_dump(written).replace("${", "$${")
        with tempfile.TemporaryDirectory() as name:
            Path(name, "instance.yaml").write_text(text)
            assert load_instance(Path(name), {}).model_dump() == instance.model_dump()


@settings(max_examples=15, deadline=None)
@given(st.recursive(TEXT | st.integers() | st.booleans(), st.lists, max_leaves=4))
def test_any_value_of_any_key_is_taken_or_told_by_its_line(value: object) -> None:
    """Whatever stands behind whichever key, there is a table or a line that names it."""
    for key in TableDescription.model_fields:
        table = {"id": "a.b", "name": "b", "primary_key": "x"} | {key: value}
        try:
            read_back({"tables": [table]})
        except ConfigError as error:
            for problem in problems_of(error):
                assert problem.where is not None
                assert Path(problem.where).name.startswith("data_description.md:")


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(max_size=8), TEXT, max_size=3))
def test_unknown_keys_are_all_told(extra: dict[str, str]) -> None:
    unknown = set(extra) - set(DescriptionFile.model_fields)
    try:
        read_back({"tables": [{"id": "a.b"}], **extra})
        count = 0
    except ConfigError as error:
        count = sum("unknown key" in str(problem) for problem in problems_of(error))
    assert count == len(unknown)
