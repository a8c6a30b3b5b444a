"""The shop as an analyst has it, made once; tests only read it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.laptop.query.answer import QueryAnswer
from broker.laptop.query.ask import GuardedData
from tests.laptop_folders import LaptopFolder, make_shop

Ask = Callable[..., QueryAnswer]


def data_of(folder: LaptopFolder, **limits: Any) -> GuardedData:
    """What is asked in this folder, with these limits."""
    manifest, tree = folder.workspace.in_use()
    data = GuardedData(manifest, tree, folder.workspace.state)
    return replace(data, limits=replace(data.limits, **limits))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> LaptopFolder:
    return make_shop(Path(tmp_path_factory.mktemp("shop")))


@pytest.fixture
def ask(shop: LaptopFolder) -> Ask:
    def ask(sql: str, parameters: dict[str, Any] | None = None, **limits: Any) -> QueryAnswer:
        data = data_of(shop, **limits)
        return data.ask(data.check(sql, parameters))

    return ask
