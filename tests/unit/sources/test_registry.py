"""A source is found by its type, ours and other packages' alike."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ConfigError
from broker.sources.contract import Source
from broker.sources.registry import BUILT_IN, GROUP, open_source, source_types

ROOT = Path(__file__).parents[3]


def test_the_built_in_types_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"][GROUP] == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_type_can_be_loaded(name: str) -> None:
    factory = source_types()[name].load()
    assert all(hasattr(factory, call) for call in ("discover", "describe", "read", "read_keys"))


def test_a_csv_source_opens(tmp_path: Path) -> None:
    assert isinstance(open_source("csv", {"path": "tables"}, tmp_path), Source)


def test_an_unknown_type_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"one of .*csv.*; found 'cvs'. Did you mean 'csv'\?"):
        open_source("cvs", {}, Path())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "data_source: path is missing"),
        ({"paht": "x", "path": "y"}, r"unknown key 'paht'.* Did you mean 'path'\?"),
    ],
)
def test_settings_that_cannot_be_meant(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        open_source("csv", settings, Path())


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed distribution that brings a source of its own."""
    (tmp_path / "company_source.py").write_text(
        "def opened(settings, config_dir):\n    return settings\n"
    )
    info = tmp_path / "company-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: company\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[{GROUP}]\ncompany = company_source:opened\nbroken = company_source:absent\n"
        "csv = company_source:opened\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield
    sys.modules.pop("company_source", None)


@pytest.mark.usefixtures("other_package")
def test_another_package_adds_a_type() -> None:
    assert open_source("company", {"a": 1}, Path()) == {"a": 1}


@pytest.mark.usefixtures("other_package")
def test_another_package_cannot_take_our_name(tmp_path: Path) -> None:
    assert isinstance(open_source("csv", {"path": "tables"}, tmp_path), Source)


@pytest.mark.usefixtures("other_package")
def test_a_package_that_does_not_load_is_named() -> None:
    with pytest.raises(ConfigError, match="'broken' cannot be loaded"):
        open_source("broken", {}, Path())
