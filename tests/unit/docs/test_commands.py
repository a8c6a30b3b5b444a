"""Every command that the documentation tells people to type is typed by a test."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests import documented
from tests.documented import ROOT, Block, blocks

TESTS = ROOT / "tests"


def asked_for() -> set[str]:
    """The names that tests hand to ``documented()``."""
    found = set()
    for path in TESTS.rglob("test_*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "documented(" in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "documented":
                found |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return found


def test_every_block_of_commands_has_a_name_of_its_own() -> None:
    assert [block.where for block in blocks() if not block.name] == []
    counted = Counter(block.name for block in blocks())
    assert [name for name, count in counted.items() if count > 1] == []


def test_every_block_of_commands_is_run_by_a_test() -> None:
    known = {block.name for block in blocks()}
    names = asked_for()
    assert known - names == set(), "no test asks for these blocks"
    assert names - known == set(), "tests ask for blocks that are not there"


def test_comments_and_continued_lines_are_understood() -> None:
    block = Block("x:1", "x", "# first\nmkdir a && \\\n  ls a\n\nmake test\n")
    assert block.commands == ["mkdir a &&    ls a", "make test"]


def test_a_missing_block_is_told_by_name() -> None:
    with pytest.raises(LookupError, match="sh no-such-block"):
        documented.documented("no-such-block")


def test_every_link_of_the_documentation_leads_somewhere() -> None:
    broken = []
    for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
            if "://" not in target and not (path.parent / target).exists():
                broken.append(f"{path.relative_to(ROOT)}: {target}")
    assert broken == []


def test_every_page_stands_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    linked = set(re.findall(r"\]\(([^)#:]+\.md)", index))
    assert pages - linked == {"README.md"}


def folders() -> list[Path]:
    """What a person sees at the top of the checkout: tracked folders."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    return [
        path
        for path in sorted(ROOT.iterdir())
        if path.is_dir()
        and path.name[0] != "."
        and f"/{path.name}/" not in ignored
        and path.name != "__pycache__"
    ]


def test_every_folder_at_the_top_stands_in_the_map_of_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in folders() if f"`{path.name}/`" not in readme] == []


def test_every_test_that_a_page_names_is_there() -> None:
    named = {
        name
        for path in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"`(test_\w+)`", path.read_text(encoding="utf-8"))
    }
    there = {
        name
        for path in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    files = {path.stem for path in TESTS.rglob("test_*.py")}
    assert named - there - files == set()
