"""The rooms of ``src/broker`` as docs/architecture.md lists them: arrows point down only."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src/broker"
RIG = ROOT / "rig"
TESTS = ROOT / "tests"
PAGE = (ROOT / "docs/architecture.md").read_text()
TABLE, FOLDERS, LATER = re.split(
    r"^## (?:Folders of many files|To come)$", PAGE.split("## Rooms of", 1)[1], flags=re.MULTILINE
)
MANY = 15  # files of a folder, past which the page has to say what is what
MOST_LINES = {PACKAGE: 4_000, RIG: 4_000, TESTS: 4_000}  # of the files of a folder
ROOMS = [
    name.removesuffix(".py").strip("/")
    for row in re.findall(r"^\| (`.*?) \|", TABLE, re.MULTILINE)
    for name in re.findall(r"`([a-z_./]+)`", row)
]
STANDING = sorted(
    path.stem if path.is_file() else path.name
    for path in PACKAGE.iterdir()
    if not path.name.startswith("__")
)


@cache
def modules(path: Path, package: Path = PACKAGE) -> list[tuple[str, ...]]:
    """What a file imports of the package, as the words of its path: a module, or a name in it."""
    inside = path.relative_to(package).parent.parts
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.ImportFrom):
            continue
        words = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            words = (*inside[: len(inside) - node.level + 1], *words)
        elif words[0] != package.name:
            continue
        else:
            words = words[1:]
        found += ((*words, alias.name) for alias in node.names)
    return found


def imported(path: Path) -> Iterator[str]:
    """The rooms that a file imports from."""
    yield from (words[0] for words in modules(path))


@pytest.mark.parametrize("room", STANDING)
def test_every_room_is_described(room: str) -> None:
    assert room in ROOMS


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_that_is_described_stands(room: str) -> None:
    assert room in STANDING


def test_every_playbook_that_is_described_stands_and_the_others_are_to_come() -> None:
    standing = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    row = next(line for line in PAGE.splitlines() if line.startswith("| `playbooks/` | one file"))
    named = re.findall(r"`(\w+)`", row.split("|")[2])
    assert {*named} == standing
    later = [line for line in LATER.splitlines() if line.startswith("| `playbooks/`")]
    assert later
    assert (
        not {name for row in later for name in re.findall(r"`(\w+)`", row.split("|")[1])} & standing
    )


def test_nothing_to_come_stands_already() -> None:
    rows = LATER.split("## Contracts")[0]
    places = re.findall(r"`((?:src|tests)/[\w/]+)`", rows)
    assert len(places) >= 3
    assert [place for place in places if (ROOT / place).exists()] == []


def test_what_is_to_come_will_know_rooms_that_stand_or_are_to_come() -> None:
    rows = [row.split("|") for row in LATER.split("## Contracts")[0].splitlines()]
    coming = {
        name for row in rows for name in re.findall(r"`src/broker/(\w+)/`", "".join(row[1:2]))
    }
    known = {name for row in rows for name in re.findall(r"`(\w+)`", "".join(row[3:4]))}
    assert len(known) >= 3
    assert known - {*ROOMS} - coming == set()


def rooms_known(room: str) -> set[str]:
    """The other rooms that a room imports from."""
    place = PACKAGE / room
    files = place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]
    return {name for path in files for name in imported(path)} & {*ROOMS} - {room}


@pytest.mark.parametrize("room", [room for room in STANDING if room in ROOMS])
def test_a_room_knows_only_rooms_below_it(room: str) -> None:
    assert {name for name in rooms_known(room) if ROOMS.index(name) > ROOMS.index(room)} == set()


@pytest.mark.parametrize("room", [room for room in STANDING if room in ROOMS])
def test_a_room_knows_those_that_the_page_says(room: str) -> None:
    row = re.search(rf"^\| `{room}(?:\.py|/)?` \|.*\| (.*) \|$", TABLE, re.MULTILINE)
    assert row is not None
    assert {*re.findall(r"`(\w+)`", row[1])} == rooms_known(room)


def _inner(place: Path, folders: list[str]) -> dict[str, set[str]]:
    """Of each of these folders of a room, which others its files import from."""
    depth = len(place.relative_to(PACKAGE).parts)
    return {
        folder: {
            target[depth]
            for path in (place / folder).rglob("*.py")
            for target in modules(path)
            if target[:depth] == place.relative_to(PACKAGE).parts and len(target) > depth
        }
        & {*folders} - {folder}
        for folder in folders
    }


def foreign(path: Path) -> set[str]:
    """The packages that a file imports and Python does not bring."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
    return names - sys.stdlib_module_names - {"broker"}


def test_a_room_of_the_standard_library_needs_no_package() -> None:
    rows = [row for row in TABLE.splitlines() if "Standard library only" in row]
    rooms = [name for row in rows for name in re.findall(r"`([a-z_./]+)`", row.split("|")[1])]
    assert len(rooms) >= 12
    for room in rooms:
        place = PACKAGE / room
        for path in [place] if place.is_file() else place.rglob("*.py"):
            assert foreign(path) == set(), path


def test_a_source_knows_no_other_source_and_what_is_shared_knows_none() -> None:
    known = _inner(PACKAGE / "sources", ["csv", "keboola", "bigquery", "delimited"])
    assert known.pop("delimited") == set()
    assert set().union(*known.values()) <= {"delimited"}


def test_folders_of_the_engine_know_only_those_before_them() -> None:
    known = _inner(PACKAGE / "tables", ["values", "files", "intake"])
    assert known["values"] == known["files"] == set()
    assert known["intake"] == {"values", "files"}


def texts(path: Path) -> Iterator[str]:
    """The texts of a file: SQL among them, but no comment."""
    yield from (
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def test_what_a_text_is_as_a_value_is_decided_in_one_place() -> None:
    places = {*PACKAGE.rglob("*.py")}
    casting = {path for path in places if any("TRY_CAST(" in text for text in texts(path))}
    assert {path.parent for path in casting} == {PACKAGE / "tables/values"}
    # All columns are text where a source filters: it leaves every cast to the grammar.
    shared = [*(PACKAGE / "sources").glob("*.py"), *(PACKAGE / "sources/delimited").glob("*.py")]
    assert not [path for path in shared if any("CAST(" in text for text in texts(path))]


def test_folders_of_accounts_know_only_those_before_them() -> None:
    known = _inner(PACKAGE / "accounts", ["records", "planning", "debian", "service"])
    assert known["records"] == set()
    assert known["planning"] == {"records"}
    assert known["debian"] == {"records", "planning"}
    assert known["service"] <= {"records", "planning", "debian"}


def loaded(path: Path) -> set[Path]:
    """The files of the package that Python reads for one, those of its folders among them."""
    found, new = set(), {path}
    while new:
        found |= new
        names = {words for one in new for words in modules(one)}
        tried = {PACKAGE.joinpath(*words[:n]) for words in names for n in range(1, len(words) + 1)}
        files = {one.with_suffix(".py") for one in tried} | {one / "__init__.py" for one in tried}
        new = {one for one in files if one.is_file()} - found
    return found


@pytest.mark.parametrize("door", ["principals", "service/client"])
def test_what_runs_at_a_login_and_in_the_portal_loads_nothing_that_changes_a_host(
    door: str,
) -> None:
    files = loaded(PACKAGE / f"accounts/{door}.py")
    assert not [path for path in files if PACKAGE / "accounts/debian" in path.parents]
    assert PACKAGE / "accounts/manage.py" not in files
    assert PACKAGE / "accounts/debian/system.py" in loaded(PACKAGE / "accounts/manage.py")


TOUCHING = {"ctypes", "fcntl", "grp", "os", "pwd", "shutil", "signal", "socket", "subprocess"}
# Rooms below accounts that ask or change a host; the others are values alone.
ROOMS_OF_VALUES = {"foreign", "errors", "hostpaths", "classes", "accounts"}


def touched(source: str) -> set[str]:
    """The modules of Python by which a file could touch a host."""
    nodes = list(ast.walk(ast.parse(source)))
    plain = [node for node in nodes if isinstance(node, ast.Import)]
    names = [alias.name for node in plain for alias in node.names]
    names += [(n.module or "") for n in nodes if isinstance(n, ast.ImportFrom) and not n.level]
    return {name.partition(".")[0] for name in names} & TOUCHING


@pytest.mark.parametrize("folder", ["records", "planning"])
def test_what_plans_accounts_touches_no_host(folder: str) -> None:
    for path in (PACKAGE / "accounts" / folder).glob("*.py"):
        assert touched(path.read_text()) == set(), path.name
        assert {*imported(path)} & {*ROOMS} <= ROOMS_OF_VALUES, path.name


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("import os.path", {"os"}),
        ("from os.path import exists", {"os"}),
        ("from subprocess import run", {"subprocess"}),
        ("from pathlib import PurePath", set()),
        ("from .os import run", set()),
    ],
)
def test_an_import_that_touches_a_host_is_found(line: str, expected: set[str]) -> None:
    assert touched(line) == expected


def drawn(folder: str) -> list[str]:
    """The files of a folder as the page has them, from the ground up."""
    _, _, section = FOLDERS.partition(f"### `{folder}/`\n")
    rows = re.findall(r"^\| (`.*?) \|", section.split("\n### ")[0], re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def test_a_folder_of_many_files_is_drawn_and_its_arrows_point_down() -> None:
    tops = (PACKAGE, RIG, TESTS)
    folders = {path.parent for top in tops for path in top.rglob("*.py")}
    many = {place for place in folders if len([*place.glob("*.py")]) > MANY}
    titles = re.findall(r"^### `(.*)/`$", FOLDERS, re.MULTILINE)
    at_top = ("rig/", "tests/")
    places = {(ROOT if name.startswith(at_top) else PACKAGE) / name: name for name in titles}
    assert len(many) >= 10
    assert many <= places.keys()
    for place, title in places.items():
        names = drawn(title)
        package = next(top for top in tops if place.is_relative_to(top))
        inside = place.relative_to(package).parts
        assert sorted(names) == sorted(p.stem for p in place.glob("*.py") if p.stem != "__init__")
        for at, name in enumerate(names):
            known = {
                words[len(inside)]
                for words in modules(place / f"{name}.py", package)
                if words[: len(inside)] == inside
            }
            assert known & {*names[at + 1 :]} == set(), f"{place.name}/{name}"


def test_no_folder_is_more_than_a_person_reads_in_a_day() -> None:
    for top, most in MOST_LINES.items():
        lines = Counter[Path]()
        for path in top.rglob("*.py"):
            lines[path.parent] += len(path.read_text().splitlines())
        assert {folder: count for folder, count in lines.items() if count > most} == {}


def test_no_file_knows_itself_by_way_of_others() -> None:
    paths = {*PACKAGE.rglob("*.py")}
    files = {path.relative_to(PACKAGE).with_suffix("").parts: path for path in paths}
    graph = {
        words: {target for found in modules(path) for target in (found, found[:-1])} & {*files}
        for words, path in files.items()
    }
    assert len([*TopologicalSorter(graph).static_order()]) == len(files)


def public_types(path: Path) -> Iterator[str]:
    """The public classes and type aliases of a file; type variables are none of them."""
    for node in ast.parse(path.read_text()).body:
        value = getattr(node, "value", None)
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign) and not ast.unparse(node.value).startswith("TypeVar("):
            yield from (one.id for one in node.targets if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and value and isinstance(node.target, ast.Name):
            yield node.target.id


def test_a_name_of_a_class_has_one_meaning() -> None:
    of_each_plug_in = {"Module", "Settings"}
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "library").rglob("*.py")]
    names = Counter(
        name for path in files for name in public_types(path) if re.match("[A-Z].*[a-z]", name)
    )
    assert len(names) > 300
    assert {name for name, count in names.items() if count > 1} == of_each_plug_in


@pytest.mark.parametrize("folder", ["rig", "demo", "src", "library", "plugins", "bin"])
def test_what_is_not_a_test_knows_nothing_of_tests(folder: str) -> None:
    files = [*(ROOT / folder).rglob("*.py")]
    assert files
    assert [path for path in files if "tests" in foreign(path)] == []


def test_folders_of_tests_are_called_as_what_they_test() -> None:
    """A room of the package, a folder of the top or of ``rig``; or one that the page names."""
    others = {
        "ansible",
        "hostile",
        "install",
        "laptop/starting",
        "laptop/windows",
        "sync/deliveries",
    }
    named = re.findall(r"^\| `tests/`.*$", PAGE, re.MULTILINE)[0]
    assert others == {*re.findall(r"`([\w/]+)/` for", named)}
    for kind in ("unit", "integration"):
        top = ROOT / "tests" / kind
        for folder in {path.parent.relative_to(top) for path in top.rglob("test_*.py")}:
            assert str(folder) in others or any(
                (place / folder).is_dir() for place in (PACKAGE, ROOT, ROOT / "rig")
            ), folder


def run_now(node: ast.AST) -> Iterator[ast.AST]:
    """What runs as soon as ``node`` is reached: all of it but the inside of functions."""
    yield node
    for one in ast.iter_child_nodes(node):
        if not isinstance(one, ast.Lambda | ast.FunctionDef):
            yield from run_now(one)


def test_no_test_keeps_the_hour_at_which_it_was_loaded() -> None:
    """A run takes longer than the minutes that a test counts from such an hour."""
    clocks = {"now", "today", "time", "time_ns", "monotonic", "monotonic_ns"}
    kept = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in TESTS.rglob("*.py")
        for line in ast.parse(path.read_text()).body
        if isinstance(line, ast.Assign | ast.AnnAssign | ast.Expr)
        for call in run_now(line)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in clocks
    ]
    assert not kept
