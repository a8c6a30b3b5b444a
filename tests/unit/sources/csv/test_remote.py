"""What is said of a URL before anything is asked of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from broker.errors import ConfigError
from broker.sources.contract import TableRequest
from broker.sources.csv import CsvSource


def test_without_the_libraries_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    source = CsvSource({"path": "s3://company"}, Path())
    with pytest.raises(ConfigError, match=r"no fsspec. .* deploy again"):
        source.describe(TableRequest("t"))


def test_only_known_protocols() -> None:
    source = CsvSource({"path": "ftp://company/x"}, Path())
    with pytest.raises(
        ConfigError, match="ftp://company/x: tables cannot be read from this address"
    ):
        source.describe(TableRequest("t"))
