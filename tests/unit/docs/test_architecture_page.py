"""The calls, files and folders that docs/architecture.md names are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from broker.classes import (
    CATALOG_GROUP,
    GROUP_NAME,
    OPERATOR_GROUP,
    PRIVATE,
    PUBLIC,
    SHELL_GROUP,
    SUDO_GROUP,
    group_of,
)
from broker.publish.store_layout import StoreLayout
from tests.documented import ROOT
from tests.unit.ansible.bundle import ROLES

IMPORT = "ansible.builtin.import_role"
PACKAGE = ROOT / "src/broker"
PAGE = (ROOT / "docs/architecture.md").read_text()
ROOM_ROWS = {
    row.split("`")[1].rstrip("/").removesuffix(".py"): row
    for row in re.findall(r"^\| `.*", PAGE.split("\n## Rooms of")[1].split("\n## ")[0], re.M)
}
CONTRACTS = PAGE.split("\n## Contracts\n")[1].split("\n## ")[0]
PROSE = "\n".join(line for line in CONTRACTS.splitlines() if not line.startswith("    "))
CALL = re.compile(r"`(\w+)\(([\w, ]*)\)(?: -> (\w+)(?:\(([\w, ]*)\))?)?`")
# Words of Contracts with a dot or a slash that are names of files.
FILE = re.compile(r"`(/?(?:[\w-]+/)*(?:[\w-]*\.(?!parquet)\w+|[\w-]+/))`")


def files_of(room: str) -> list[Path]:
    place = PACKAGE / room
    found = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    return list(found)


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def signatures(name: str, files: list[Path]) -> Iterator[tuple[list[str], int, str | None]]:
    """Parameters of each function, or fields of each class, of this name: all, how many of them
    a call has to give, and what it returns."""
    for path in files:
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef) and node.name == name:
                spec = node.args
                given = [one.arg for one in spec.args if one.arg != "self"]
                returns = ast.unparse(node.returns) if node.returns else None
                yield given, len(given) - len(spec.defaults), returns
            elif isinstance(node, ast.ClassDef) and node.name == name:
                fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
                given = [one.target.id for one in fields if isinstance(one.target, ast.Name)]
                yield given, sum(one.value is None for one in fields), name


def calls(text: str) -> Iterator[tuple[str, list[str], str | None]]:
    """Each call between backticks; what it returns stands there as a call of its own, too."""
    for name, given, returned, fields in CALL.findall(text):
        yield name, re.findall(r"\w+", given), returned or None
        if fields:
            yield returned, re.findall(r"\w+", fields), returned


def missing(text: str, files: list[Path]) -> list[str]:
    """The calls that nothing of these files answers to with all that it has to be given."""
    return [
        name
        for name, words, returned in calls(text)
        if not any(
            given[: len(words)] == words and needed <= len(words) and returned in (None, returns)
            for given, needed, returns in signatures(name, files)
        )
    ]


@pytest.mark.parametrize("room", sorted(ROOM_ROWS))
def test_the_calls_of_a_room_are_those_of_its_code(room: str) -> None:
    assert missing(ROOM_ROWS[room], files_of(room)) == []


def test_the_calls_of_the_contracts_are_those_of_the_code() -> None:
    assert len([*calls(CONTRACTS)]) >= 2
    assert missing(CONTRACTS, files_of(".")) == []


def test_a_call_that_is_not_there_is_found() -> None:
    engine = files_of("sync")
    assert missing("`plan()`", engine) == ["plan"]
    assert missing("`next_step(rule, kept, now) -> Window`", engine) == ["next_step"]
    assert missing("`next_step(rule, kept)`", engine) == ["next_step"]
    assert missing("`next_step(rule, kept, now) -> Step(action, window)`", engine) == []
    assert missing("`next_step(rule, kept, now) -> Step(window)`", engine) == ["Step"]


@pytest.mark.parametrize("room", [room for room in ROOM_ROWS if (PACKAGE / room).is_dir()])
def test_the_parts_that_a_room_is_described_by_are_in_it(room: str) -> None:
    """A name between backticks is a file or a folder of the room, or a name or text in it."""
    words = {*re.findall(r"`(\w+)/?`", "|".join(ROOM_ROWS[room].split("|")[2:-2]))}
    place = PACKAGE / room
    known = {path.stem for path in place.rglob("*") if "__" not in path.name}
    for path in files_of(room):
        for node in nodes(path):
            known |= {getattr(node, "name", None), getattr(node, "value", None)} & words
    assert words <= known


def test_the_files_of_the_contracts_are_those_of_the_code() -> None:
    found = {*FILE.findall(PROSE)}
    modules = {name for name in found if name.endswith(".py")}
    assert {name for name in modules if not (PACKAGE / name).is_file()} == set()
    names = {Path(name).name for name in found - modules}
    assert {".store_id", "store.json", "readers.json", "instance.yaml", "changes"} <= names
    texts = {
        part
        for path in files_of(".")
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for part in node.value.split("/")
    }
    assert names - texts - {path.name for path in ROOT.iterdir()} == set()


def drawn(page: str) -> set[str]:
    """What a page draws at the top of a store."""
    text = (ROOT / "docs" / page).read_text()
    tree = text.split("    /data/src_data/")[1].split("\n\n")[0]
    lines = re.findall(r"^    [├└]── (.*?)(?: -> |  +|$)", tree, re.MULTILINE)
    return {name.split("/")[0] for line in lines for name in line.split()}


@pytest.mark.parametrize("page", ["architecture.md", "generations.md"])
def test_the_store_that_is_drawn_is_that_of_the_code(page: str) -> None:
    layout = StoreLayout(Path("/data/src_data"))
    own = [name for name, made in vars(StoreLayout).items() if isinstance(made, property)]
    made = {getattr(layout, name).relative_to(layout.root).parts[0] for name in own}
    hidden = {name for name in made if name.startswith(".")}  # locks, and when each was current
    assert drawn(page) == made - hidden | {"current", "parquet", "metadata", ".store_id"}


def test_groups_are_those_of_the_code() -> None:
    own = {OPERATOR_GROUP, CATALOG_GROUP, SHELL_GROUP, SUDO_GROUP}
    own |= {group_of(PUBLIC), group_of(PRIVATE)}
    line = PAGE.split("\n## Names\n")[1].split("Groups ")[1].split(";")[0]
    assert {*re.findall(rf"`({GROUP_NAME})`", line)} == own


def role_rows() -> dict[str, list[str]]:
    """The cells of each role."""
    section = PAGE.split("\n## Roles\n")[1].split("\n## ")[0]
    return {
        row.split("`")[1]: row.split("|")[1:-1] for row in re.findall(r"^\| `.*", section, re.M)
    }


def test_every_role_is_described_in_the_order_of_a_deploy() -> None:
    assert {*role_rows()} == {*ROLES}
    site = yaml.safe_load((ROOT / "playbooks/site.yml").read_text())[-1]["tasks"][0]["block"]
    played = [task[IMPORT]["name"] for task in site if IMPORT in task]
    assert [*role_rows()] == [*dict.fromkeys(played)]


def test_what_roles_serve_and_what_shows_it_exists() -> None:
    for role, (_, _, rooms, tests) in role_rows().items():
        assert {*re.findall(r"`(\w+)`", rooms)} <= {*ROOM_ROWS}, role
        named = re.findall(r"`(\w+\.py)`", tests)
        assert named
        assert {*named} <= {path.name for path in (ROOT / "tests/system").rglob("test_*.py")}, role
