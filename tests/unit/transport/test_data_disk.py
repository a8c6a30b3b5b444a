"""A mount point of the data is not served as if it were the data."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.mark import NAME
from broker.transport import Refusal, folders
from broker.transport.folders import open_base, require_data


def test_empty_folders_of_a_mount_point_are_refused_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, home = tmp_path / "data/src_data", tmp_path / "home"
    for path in (tmp_path / "data/scripts", home / "server", home / "user"):
        path.mkdir(parents=True)
    (home / "server/scripts").symlink_to(tmp_path / "data/scripts")
    monkeypatch.setattr(folders, "STORE", store)
    owner = home.stat().st_uid
    open_base(str(home), "scripts", owner)  # no broker's: there is no store at all
    store.mkdir()
    with pytest.raises(Refusal, match=f"is not mounted on {tmp_path}/data") as error:
        open_base(str(home), "scripts", owner)
    assert "\n" not in str(error.value)
    open_base(str(home), "user", owner)  # what a person sends does not go there


@pytest.mark.parametrize("name", [NAME, "generations"])
def test_a_store_that_is_known_or_ever_published_is_served(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    require_data(tmp_path)
