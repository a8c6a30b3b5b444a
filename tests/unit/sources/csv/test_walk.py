"""What an account that delivers files may put into a folder, and what is read of it."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from broker.errors import AbsentError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource
from broker.sources.csv.folder import Folder

from ..conftest import Put, Read

ONE = "a\n1\n"
CANARY = "a\nsecret\n"
LINK = "is a symbolic link, and none is followed"


@pytest.fixture
def tables(tmp_path: Path, put: Put) -> CsvSource:
    """A folder of tables, with a canary in it and another one beside it."""
    put("tables/canary.csv", CANARY)
    put("tables/inner/1.csv", ONE)
    put("canary.csv", CANARY)
    return CsvSource({"path": "tables"}, tmp_path)


def refused(source: CsvSource, sentence: str, file: str | None = None) -> None:
    """Both ways to look at table ``t`` end in this sentence."""
    request = TableRequest("t", options={"file": file} if file else {})
    for look in (source.describe, lambda table: source.read(table, Window())):
        with pytest.raises(SourceError, match=sentence):
            look(request)


@pytest.mark.parametrize("target", ["canary.csv", "../canary.csv", "nowhere.csv", "inner", "/"])
def test_a_link_is_not_followed_wherever_it_leads(
    tables: CsvSource, tmp_path: Path, target: str
) -> None:
    for name in ("t.csv", "t"):
        link = tmp_path / "tables" / name
        link.symlink_to(target)
        refused(tables, f"{name}: {LINK}")
        refused(tables, f"{name}: {LINK}", file=name)
        link.unlink()


@pytest.mark.parametrize("file", ["way/1.csv", "way", "w*/1.csv", "way/*.csv", "*/x.csv", "w*"])
def test_nor_is_one_on_the_way(tables: CsvSource, tmp_path: Path, file: str) -> None:
    (tmp_path / "tables/way").symlink_to("inner")
    refused(tables, f"way: {LINK}", file=file)
    if not file.startswith("way/"):  # an absolute folder is the operator's own word
        refused(tables, f"way: {LINK}", file=f"{tmp_path}/tables/{file}")


def test_nor_is_one_among_the_files_of_a_table(tables: CsvSource, tmp_path: Path) -> None:
    (tmp_path / "tables/t").mkdir()
    (tmp_path / "tables/t/1.csv").write_text(ONE)
    (tmp_path / "tables/t/2.csv").symlink_to("../canary.csv")
    refused(tables, f"2.csv: {LINK}")
    refused(tables, f"2.csv: {LINK}", file="t/*.csv")
    refused(tables, f"2.csv: {LINK}", file="**/[12].csv")


def test_two_stars_enter_no_link(tables: CsvSource, tmp_path: Path) -> None:
    (tmp_path / "tables/loop").symlink_to(".")
    request = TableRequest("t", options={"file": "**/1.csv"})
    assert [file.path for file in tables.files(request).find()] == [
        f"{tmp_path}/tables/inner/1.csv"
    ]


def test_two_stars_end(tables: CsvSource, tmp_path: Path) -> None:
    (tmp_path / "tables" / "/".join("d" * 40)).mkdir(parents=True)
    refused(tables, "is more than 32 folders deep", file="**/1.csv")


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    source = CsvSource({"path": str(tmp_path)}, tmp_path)
    os.mkfifo(tmp_path / "t.csv")
    refused(source, "is not a regular file; found a named pipe")
    refused(source, "is not a regular file; found a named pipe", file="*.csv")


def test_a_socket_is_not_a_file() -> None:
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{folder}/t.csv")  # its path has to be short
        refused(CsvSource({"path": folder}, Path()), "is not a regular file; found a socket")


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(put: Put, tmp_path: Path) -> None:
    path, folder = put("t.csv", ONE), Folder(tmp_path)
    found = folder.find("t", None)[0]
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(SourceError, match="is not a regular file"):
        folder.open(found)


def test_a_file_with_two_names_may_be_that_of_another_table(
    tables: CsvSource, tmp_path: Path
) -> None:
    (tmp_path / "tables/t.csv").hardlink_to(tmp_path / "tables/canary.csv")
    refused(tables, r"more than one name \(hard links\)")


@pytest.mark.parametrize("replace", ["rename", "write", "folder"])
def test_what_is_opened_is_what_was_found(put: Put, tmp_path: Path, replace: str) -> None:
    path, folder = put("t/1.csv", ONE), Folder(tmp_path)
    found = folder.find("t", None)[0]
    if replace == "rename":
        put("other.csv", ONE).rename(path)
    elif replace == "write":
        path.write_text("a\n22\n")
    else:
        path.parent.rename(tmp_path / "u")
        put("t/1.csv", ONE)
    with pytest.raises(SourceError, match=r"t/1\.csv: changed while it was being read"):
        folder.open(found)


def test_links_to_the_folder_itself_are_the_operators(put: Put, tmp_path: Path, read: Read) -> None:
    put("disk/tables/t.csv", ONE)
    (tmp_path / "data").symlink_to("disk")
    (tmp_path / "again").symlink_to(tmp_path / "data/../data")
    for path in ("data/tables", "again/tables", str(tmp_path / "again/tables")):
        source = CsvSource({"path": path}, tmp_path)
        assert source.describe(TableRequest("t")).schema.names == ("a",)
    assert read(options={"file": f"{tmp_path}/again/tables/t.csv"})[0] == [("1",)]
    assert read(options={"file": f"{tmp_path}/again/*/t.csv"})[0] == [("1",)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes links for others")
def test_a_link_of_another_account_leads_to_no_folder(put: Put, tmp_path: Path, read: Read) -> None:
    put("disk/tables/t.csv", ONE)
    (tmp_path / "data").symlink_to("disk")
    os.chown(tmp_path / "data", 12345, -1, follow_symlinks=False)
    sentence = "data on the way to it is a symbolic link of another account"
    refused(CsvSource({"path": "data/tables"}, tmp_path), sentence)
    with pytest.raises(SourceError, match=sentence):
        read(options={"file": f"{tmp_path}/data/tables/t.csv"})


def test_a_ring_of_links_ends(tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(SourceError):
        CsvSource({"path": "one"}, tmp_path).describe(TableRequest("t"))


def test_discover_leaves_no_link_out_in_silence(tables: CsvSource, tmp_path: Path) -> None:
    (tmp_path / "tables/t.csv").symlink_to("canary.csv")
    assert [request.id for request in tables.requests()] == ["canary", "inner", "t"]
    refused(tables, LINK)


def test_a_file_is_no_folder(tables: CsvSource, put: Put) -> None:
    put("tables/plain", ONE)
    with pytest.raises(SourceError, match="plain: is not a folder") as error:
        tables.describe(TableRequest("t", options={"file": "plain/1.csv"}))
    assert not isinstance(error.value, AbsentError)
