"""``broker config check`` and ``broker config schema``, as typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from broker.cli.config import config
from broker.config import json_schema
from broker.config.problems import InvalidConfigError

INSTANCE = "data_source: {type: csv, path: input}\n"
DESCRIPTION = "```yaml\ntables:\n  - {id: a.b}\n```\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "instance.yaml").write_text(INSTANCE)
    (tmp_path / "data_description.md").write_text(DESCRIPTION)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(config, list(words))


def test_nothing_wrong(folder: Path) -> None:
    result = run("check", "--config", str(folder))
    assert (result.exit_code, result.output) == (
        0,
        f"{folder}: nothing is wrong; 1 table is described\n"
        "Whether more people could read a table than before is known to the next sync alone.\n",
    )


def test_the_same_rows_for_other_readers_are_doubtful(folder: Path) -> None:
    other = "  - {id: c.d, file: ./b.csv, access: private}\n```\n"
    (folder / "data_description.md").write_text(DESCRIPTION.removesuffix("```\n") + other)
    result = run("check", "--config", str(folder))
    assert result.exit_code == 0
    assert (
        "warning: the tables a.b and c.d have the same rows for other readers: every analyst "
        "(class public) can read a.b, class private can read c.d\n"
    ) in result.output


def test_tables_of_one_name_are_reported_with_the_names_of_their_views(folder: Path) -> None:
    """As in part D of the deliveries: two of one name, and a third that is called as one's view."""
    tables = ["crm/orders", "shop/Orders", "main/crm_orders", "main/stores"]
    described = [
        f"  - {{id: {path.replace('/', '.')}, folder: {path.partition('/')[0]}}}\n"
        for path in tables
    ]
    (folder / "data_description.md").write_text("```yaml\ntables:\n" + "".join(described) + "```\n")
    result = run("check", "--config", str(folder), "--json")
    place = f"{folder}/data_description.md"
    assert result.exit_code == 0
    assert json.loads(result.output)["warnings"] == [
        f"{place}:3: the view of table crm.orders is called 'crm/orders' for those who may read "
        "shop/Orders as well, of the same name. Give it another name if queries should say just "
        "that.",
        f"{place}:4: the view of table shop.Orders is called 'shop_Orders' for those who may read "
        "crm/orders as well, of the same name. Give it another name if queries should say just "
        "that.",
    ]


def test_everything_that_is_wrong_in_both_files(folder: Path) -> None:
    (folder / "instance.yaml").write_text(INSTANCE + "auht: {}\n")
    (folder / "data_description.md").write_text(DESCRIPTION.replace("id:", "idd:"))
    error = run("check", "--config", str(folder)).exception
    assert isinstance(error, InvalidConfigError)
    places = [(problem.where or "").replace(f"{folder}/", "") for problem in error.problems]
    assert places == ["instance.yaml:2", "data_description.md:3", "data_description.md:3"]


def test_json_tells_the_same(folder: Path) -> None:
    text = DESCRIPTION.replace("id: a.b", "id: a.b, access: finance, sync_schedule: daily")
    (folder / "data_description.md").write_text(text)
    result = run("check", "--config", str(folder), "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {
        "tables": 0,
        "metrics": 0,
        "problems": [
            {
                "where": f"{folder}/data_description.md:3",
                "message": "table a.b: access is not in instance.yaml",
                "expected": "public, private",
                "found": "'finance'",
                "remedy": None,
            }
        ],
        "warnings": [],
    }


def test_warnings_change_nothing(folder: Path) -> None:
    text = DESCRIPTION.replace("id: a.b", "id: a.b, sync_schedule: daily")
    (folder / "data_description.md").write_text(text)
    warning = f"{folder}/data_description.md:3: table a.b: sync_schedule has no effect"
    result = run("check", "--config", str(folder))
    assert (result.exit_code, result.stderr) == (0, f"warning: {warning}\n")
    facts = json.loads(run("check", "--config", str(folder), "--json").stdout)
    assert facts == {"tables": 1, "metrics": 0, "problems": [], "warnings": [warning]}


def test_the_service_of_a_host_needs_no_secret_of_the_portal(folder: Path) -> None:
    """A deploy with an identity provider failed: the service asked for the portal's secret."""
    provider = "name: a, title: A, issuer: 'https://a.example.com', client_id: x"
    (folder / "instance.yaml").write_text(
        f"{INSTANCE}instance: {{origin: 'https://data.example.com'}}\n"
        "auth:\n  allowed_domain: example.com\n"
        f"  providers: [{{{provider}, client_secret: '${{NOT_SET}}'}}]\n"
    )
    refused = run("check", "--config", str(folder), "--json")
    (problem,) = json.loads(refused.stdout)["problems"]
    assert problem["message"] == "the variable NOT_SET is not set"
    assert run("check", "--without-portal", "--config", str(folder)).exit_code == 0
    (folder / "instance.yaml").write_text(INSTANCE.replace("input", "${NOT_SET}"))
    assert run("check", "--without-portal", "--config", str(folder), "--json").exit_code == 2


@pytest.mark.parametrize(("mode", "is_shown"), [(0o600, False), (0o640, True), (0o604, True)])
def test_env_file_that_others_can_read(folder: Path, mode: int, is_shown: bool) -> None:
    (folder / ".env").write_text("TOKEN=x\n")
    (folder / ".env").chmod(mode)
    warning = f"{folder}/.env: others than its owner can read it. Run chmod 600 on it."
    facts = json.loads(run("check", "--config", str(folder), "--json").stdout)
    assert facts["warnings"] == ([warning] if is_shown else [])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "data_source:\n  type: cvs\n",
            "instance.yaml:2: source cvs is of an unknown type; ",
        ),
        (
            "instance: {}\n",
            "instance.yaml: no source is given. "
            "Add one, for instance 'data_source: {type: csv, path: input}'.",
        ),
    ],
)
def test_source_that_cannot_be_opened(folder: Path, text: str, says: str) -> None:
    (folder / "instance.yaml").write_text(text)
    error = run("check", "--config", str(folder)).exception
    assert str(error).removeprefix(f"{folder}/").startswith(says)


@pytest.mark.parametrize("which", ["instance", "description"])
def test_schema(which: str) -> None:
    result = run("schema", which)
    assert json.loads(result.stdout) == json_schema(which)  # type: ignore[arg-type]
