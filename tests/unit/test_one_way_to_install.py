"""Packages come in one way, with nothing to resolve; another way would depend on the day."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALLS = re.compile(
    r"\b(?:pip(?:x|[0-9.]+)?|uv)\b(?:\W+-[\w=-]+)*\W+(?:(?:pip|tool)\W+)?"
    r"(?:install|sync|download|wheel|add)\b"
    r"|\b(?:npm|yarn|pnpm)\W+(?:i|install|add)\b|\b(?:pipx?|uv)\W+run\b|\bnpx\b|\buvx\b"
    r"|easy_install|\bansible-galaxy\W+\w*\W*install\b|\bansible\.builtin\.pip\b"
    r"|(?m:^\s*(?:- )?(?:pip|npm):\s*$)"
)
FOLDERS = (
    *(".ci", "bin", "demo", "docs", "group_vars", "inventories", "laptop", "library", "playbooks"),
    *("plugins", "rig", "roles", "src", "tests"),
)
THE_WAY = "bin/install_locked.py"
# Fetch wheels by their locked hashes, for laptops and for a Python of Windows, and install none.
FETCH = ("bin/laptop_wheels.py", "rig/windows/parts.py")


def others(texts: dict[str, str]) -> list[str]:
    """Files with another way to install than the one, and what they say."""
    return [
        f"{name}: {found[0]}"
        for name, text in texts.items()
        if name != THE_WAY and (found := INSTALLS.search(text))
    ]


def test_nothing_in_the_repository_installs_in_another_way() -> None:
    names = [
        path.relative_to(ROOT).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.name != Path(__file__).name
    ]
    names += ["Makefile", "README.md", *(path.name for path in ROOT.glob("*.yml"))]
    texts = {name: (ROOT / name).read_text(encoding="utf-8", errors="replace") for name in names}
    assert others(texts) == [f'{name}: pip", "download' for name in FETCH]
    for name in FETCH:
        texts[name] = texts[name].replace('"pip", "download"', "")
    assert others(texts) == []
    assert INSTALLS.search(texts[THE_WAY]), "the search would find one"


@pytest.mark.parametrize(
    "line",
    [
        "python -m pip install x",
        '["-m", "pip", "install"]',
        "uv pip sync lock.txt",
        "uv sync",
        "uv --quiet sync",
        "uvx ruff",
        "pip3.11 install x",
        "pip -q --no-input install x",
        '["-m", "pip", "--isolated", "install"]',
        "pipx install x",
        "    pip:",
        "npm install",
        "ansible.builtin.pip:",
        "bin/pip', 'install'",
    ],
)
def test_ways_that_are_found(line: str) -> None:
    assert others({"x": line}) == [f"x: {INSTALLS.search(line)[0]}"]  # type: ignore[index]


@pytest.mark.parametrize("line", ["uv pip compile", "npm ci", "the pip installed", "pip check"])
def test_what_is_none(line: str) -> None:
    assert others({"x": line}) == []
