"""The plugins on the controller: the release that is built, and the configuration that is asked."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError, AnsibleLookupError

from tests.unit.ansible.bundle import ROOT, plugin

DESCRIPTION = """# Tables

```yaml
folder_mapping: {shop: shop}
tables:
  - id: shop.orders
    name: orders
    primary_key: id
    sync_strategy: full_refresh
```
"""
INSTANCE = """
data_source:
  {type: keboola, url: https://connection.keboola.com, project: 1, token: "${TOKEN}"}
"""


release = plugin("lookup/release.py").release
configuration = plugin("filter/configuration.py")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a wheel is made of."""
    root = tmp_path / "tree"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "src" / "broker" / "accounts", root / "src" / "broker", ignore=ignored)
    shutil.copytree(ROOT / "laptop", root / "laptop", ignore=ignored)
    for name in (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "requirements/broker.txt",
        "requirements/pip.txt",
        "requirements/mcp.txt",
        "requirements/dev.txt",
        "bin/install_locked.py",
        "bin/laptop_set.py",
        "bin/laptop_wheels.py",
    ):
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    return root


def test_the_same_sources_make_the_same_release(tree: Path) -> None:
    first = release(tree)
    for path in tree.rglob("*.py"):
        path.touch()
    assert release(tree) == first


def test_a_release_that_another_deploy_made_meanwhile_is_left_as_it_is(tree: Path) -> None:
    folder = Path(release(tree)["folder"])
    inodes = {path.name: path.stat().st_ino for path in folder.iterdir()}
    release(tree)
    assert {path.name: path.stat().st_ino for path in folder.iterdir()} == inodes
    assert list(folder.parent.iterdir()) == [folder]


def test_other_sources_or_other_dependencies_make_another_release(tree: Path) -> None:
    names = {release(tree)["id"]}
    (tree / "src" / "broker" / "more.py").write_text("MORE = 1\n")
    names.add(release(tree)["id"])
    for name in (
        *("requirements/broker.txt", "requirements/pip.txt"),
        *("bin/install_locked.py", "bin/laptop_wheels.py"),
    ):
        path = tree / name
        path.write_text(path.read_text() + "# one more\n")
        names.add(release(tree)["id"])
    assert len(names) == 6


def test_a_release_is_all_that_an_installation_needs_and_each_part_has_its_hash(tree: Path) -> None:
    folder = Path(release(tree)["folder"])
    wheel = next(folder.glob("*.whl"))
    lines = (folder / "requirements.txt").read_text().splitlines()
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *(wheel.name, "install_locked.py", "laptop", "laptop_wheels.py", "pip.txt"),
        "requirements.txt",
    }
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert lines[-1] == f"./{wheel.name} --hash=sha256:{digest}"
    assert lines[:-1] == (tree / "requirements" / "broker.txt").read_text().splitlines()
    laptop = folder / "laptop"
    last = (laptop / "scripts/requirements.txt").read_text().splitlines()[-1]
    assert last == lines[-1]
    listed = (laptop / "SHA256SUMS").read_text().splitlines()
    for line in listed:
        listed_digest, path = line.split("  ")
        assert hashlib.sha256((laptop / path).read_bytes()).hexdigest() == listed_digest
    files = {path.relative_to(laptop).as_posix() for path in laptop.rglob("*") if path.is_file()}
    assert {line.split("  ")[1] for line in listed} == files - {"SHA256SUMS"}


def test_a_release_knows_its_commit_and_whether_files_differ_from_it(tree: Path) -> None:
    assert release(tree)["commit"] == ""
    git = ["git", "-C", str(tree), "-c", "user.name=a", "-c", "user.email=a@example.com"]
    (tree / ".gitignore").write_text(".cache/\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True)
    clean = release(tree)
    assert re.fullmatch(r"[0-9a-f]{12}", clean["commit"])
    (tree / "LICENSE").write_text("another\n")
    assert release(tree)["commit"] == f"{clean['commit']}-dirty"


GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C"]


def test_a_release_in_the_checkout_of_something_else_has_no_commit(tree: Path) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*GIT, str(tree.parent), *words], check=True)
    assert release(tree)["commit"] == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_another_account_and_a_deploy_in_a_hook_know_the_commit(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*GIT, str(tree), *words], check=True)
    for path in (tree, tree / ".git"):
        os.chown(path, 4711, 4711)
    monkeypatch.setenv("GIT_DIR", str(ROOT / "nowhere"))
    assert re.match(r"[0-9a-f]{12}", release(tree)["commit"])


def test_a_checkout_where_nothing_can_be_written_is_refused_by_its_folder(tree: Path) -> None:
    (tree / ".cache").write_text("in the way")
    with pytest.raises(AnsibleLookupError, match=r"\.cache.*Nothing was changed"):
        release(tree)


def test_a_wheel_that_cannot_be_built_says_why(tree: Path) -> None:
    (tree / "README.md").unlink()
    with pytest.raises(AnsibleLookupError, match=r"README\.md.*Run bin/bootstrap"):
        release(tree)


def test_each_class_has_the_group_that_the_broker_gives_it() -> None:
    classes = {"private": {"group": "readers"}, "finance": {}}
    assert configuration.class_groups(classes) == ["data-finance", "dataread", "readers"]
    assert configuration.class_groups({"public": {}}) == ["data-private", "dataread"]


@pytest.fixture
def description(tmp_path: Path) -> Path:
    """A good one."""
    path = tmp_path / "mine.md"
    path.write_text(DESCRIPTION)
    return path


def problems(instance: str, description: str, variables: list[str]) -> list[str]:
    """What is wrong, as a deploy tells it."""
    found: list[str] = configuration.config_findings(instance, description, variables)["problems"]
    return found


def test_a_good_configuration_has_no_problems(description: Path) -> None:
    assert problems(INSTANCE, str(description), ["TOKEN"]) == []


def test_a_mistake_is_told_with_the_operators_own_file_and_line(description: Path) -> None:
    description.write_text(DESCRIPTION.replace("primary_key", "primery_key"))
    (problem,) = problems(INSTANCE, str(description), ["TOKEN"])
    assert problem.startswith(f"{description}:8: ")
    assert "primary_key" in problem


def test_a_table_described_twice_is_a_problem(description: Path) -> None:
    table = DESCRIPTION[DESCRIPTION.index("  - id") : DESCRIPTION.rindex("```")]
    description.write_text(DESCRIPTION.replace(table, table * 2))
    found = problems(INSTANCE, str(description), ["TOKEN"])
    assert any("shop.orders" in problem for problem in found)


def test_a_variable_without_a_secret_is_a_problem_and_names_itself(description: Path) -> None:
    (problem,) = problems(INSTANCE, str(description), [])
    assert problem == "the variable TOKEN is not set. Add it to broker_secrets."


@pytest.mark.parametrize(
    ("instance", "problem"),
    [
        (
            "data_source: {type: keboola, project: 1, token: '${TOKEN}'}\n",
            "broker_data_source.url is missing.",
        ),
        (
            "sources: {lake: {type: bigquery, project: acme, tim_limit: 5m}}\n",
            "unknown key 'tim_limit' in broker_sources.lake; expected project, dataset, location,",
        ),
        (
            "data_source: {type: keboola, project: 1, url: nowhere, token: x}\n",
            "broker_data_source.url is wrong; expected an address such as",
        ),
        ("data_source: {type: csv, path: 5, pth: 6}\n", "unknown key 'pth' in broker_data_source;"),
        (
            "data_source: {type: csv, path: x, password: '${TOKEN}'}\n",
            "unknown key 'password' in broker_data_source;",
        ),
        ("data_source: {type: cvs}\n", "Did you mean 'csv'?"),
        ("sync: {threads: many}\n", "broker_sync_engine.threads is wrong; expected a whole number"),
    ],
)
def test_a_mistake_in_a_setting_is_told_by_the_name_of_the_setting(
    instance: str, problem: str, description: Path
) -> None:
    if "data_source" not in instance:
        instance += INSTANCE
    found = problems(instance, str(description), ["TOKEN"])
    assert any(problem in one for one in found), found
    assert not any("instance.yaml" in one for one in found)


def test_what_a_variable_holds_is_not_known_to_a_check(description: Path) -> None:
    instance = "data_source: {type: keboola, project: 1, url: '${ADDRESS}', token: '${TOKEN}'}\n"
    assert problems(instance, str(description), ["ADDRESS", "TOKEN"]) == []


def test_what_is_doubtful_is_told_in_the_operators_names(description: Path) -> None:
    more = "  - {id: hr.people, file: orders.csv, access: hr, sync_schedule: daily}\n```"
    description.write_text(DESCRIPTION.replace("```\n\n", "").replace("\n```", f"\n{more}"))
    instance = "data_source: {type: csv, path: /data/input}\naccess_classes: {hr: {folders: x}}\n"
    found = configuration.config_findings(instance, str(description), [])
    assert found["problems"] == []
    assert found["warnings"] == [
        f"{description}:11: table hr.people: sync_schedule has no effect",
        "broker_access_classes.hr.folders lists 'x', where no table is described",
        "the tables shop.orders and hr.people have the same rows for other readers: every analyst "
        "(class public) can read shop.orders, class hr (group data-hr) can read hr.people",
    ]


def test_metrics_beside_the_description_are_checked_in_the_operators_names(
    description: Path,
) -> None:
    metrics = description.parent / "metrics"
    (metrics / "more").mkdir(parents=True)
    (metrics / "a.yml").write_text("name: a\ntitle: A\nsql: |\n  SELECT 1\n  FORM orders\n")
    (metrics / "b.yml").write_text("name: a\ntitle: A\nsql: FROM ordrs\n")
    (metrics / "more/c.yml").write_text("name: c\n")
    assert problems(INSTANCE, str(description), ["TOKEN"]) == [
        f"{metrics}/b.yml:1: name has a name of another metric; expected names and synonyms that "
        f"are each of one metric alone; found 'a', which is metric a at {metrics}/a.yml:1.",
        f"{metrics}/more/c.yml: this file would not be read as a metric; expected "
        f"{metrics}/NAME.yml. Move or rename it.",
    ]
    shutil.rmtree(metrics / "more")
    (metrics / "b.yml").unlink()
    (wrong,) = problems(INSTANCE, str(description), ["TOKEN"])
    assert wrong.startswith(f"{metrics}/a.yml:5: sql is wrong; expected one SELECT of DuckDB; ")


def test_a_check_that_cannot_run_says_what_to_install(
    description: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "python"
    empty.write_text(f"#!/bin/sh\nexec {sys.executable} -S -c 'import pydantic'\n")
    empty.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(empty))
    with pytest.raises(AnsibleFilterError, match=r"No module named 'pydantic'.*Run bin/bootstrap"):
        problems(INSTANCE, str(description), [])


def test_the_extras_are_those_of_the_types_in_use() -> None:
    instance = {
        "data_source": {"type": "csv", "path": "/data/input"},
        "sources": {"lake": {"type": "bigquery", "project": "acme"}, "own": {"type": "company"}},
    }
    assert configuration.source_extras(instance) == ["bigquery"]
    assert configuration.source_extras({"data_source": {"type": "csv", "path": "/in"}}) == []
    remote = {"sources": {"far": {"type": "csv", "path": "s3://bucket"}}}
    assert configuration.source_extras(remote) == ["remote"]


@pytest.mark.parametrize(
    ("line", "extras"),
    [
        ("file: https://files.example.com/orders.csv", ["remote"]),
        ("file: orders/2026.csv", []),
        ("file: [https://]", []),  # a mistake, which a preflight tells
    ],
)
def test_a_table_behind_a_url_of_its_own_brings_the_extra(
    tmp_path: Path, line: str, extras: list[str]
) -> None:
    description = tmp_path / "tables.md"
    description.write_text(DESCRIPTION.replace("    name: orders\n", f"    {line}\n"))
    instance = {"data_source": {"type": "csv", "path": "/data/input"}}
    assert configuration.source_extras(instance, str(description)) == extras


def test_an_environment_that_cannot_be_written_is_told_by_name_alone() -> None:
    wrong = {"no name": "x", "https_proxy": "http://a:it's@proxy", "LINES": "a\nb"}
    assert configuration.environment_problems(wrong) == ["no name", "https_proxy", "LINES"]
    assert configuration.environment_problems({"https_proxy": "http://a:pw@proxy:3128"}) == []


def test_a_password_in_a_url_is_found_by_its_place() -> None:
    open_ = {"far": [{"path": "https://user:hidden@files.example.com/x"}], "t": "see a://b:c@d"}
    assert configuration.url_passwords({"sources": open_}) == ["sources.far[0].path", "sources.t"]
    named = {"path": "https://user:${PASSWORD}@files.example.com", "more": "s3://bucket:8/a@b"}
    assert configuration.url_passwords(named) == []
    assert configuration.url_passwords({"n": 7, "mail": "jan@example.com", "none": None}) == []


def test_the_locks_of_all_extras_agree_on_every_package() -> None:
    locked = plugin("lookup/release.py").locked
    extras = ["bigquery", "keboola", "remote"]
    entries = re.findall(r"^(\S+)==\S+.*$", locked(ROOT / "requirements", extras), re.MULTILINE)
    assert {"google-cloud-bigquery", "s3fs", "duckdb"} <= set(entries)
    assert len(entries) == len(set(entries))
