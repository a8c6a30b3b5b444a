"""Which files are a table's, and in how many ways they can fail to be there."""

from __future__ import annotations

import gzip
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from broker.errors import AbsentError, ConfigError, ForbiddenError, SourceError
from broker.sources.contract import TableRequest, Window
from broker.sources.csv import CsvSource

from ..conftest import Put, Read

ONE = "a\n1\n"


def test_the_last_part_of_the_id_names_the_file(put: Put, read: Read) -> None:
    put("orders.csv", ONE)
    assert read("in.c-main.orders")[0] == [("1",)]


@pytest.mark.parametrize(
    "name", ["t.csv", "t.csv.gz", "t/1.csv", "t/x.csv.gz", "t/A.CSV", "t.CSV", "t.Csv.GZ"]
)
def test_default_places(put: Put, read: Read, name: str) -> None:
    put(name, gzip.compress(ONE.encode()) if name.lower().endswith("gz") else ONE)
    assert read()[0] == [("1",)]


@pytest.mark.parametrize(
    "file", ["sub/x.csv", "sub/*.csv", "**/x.csv", "sub", "./sub/x.csv", "sub/[x].csv"]
)
def test_file_says_where_otherwise(put: Put, read: Read, file: str) -> None:
    put("sub/x.csv", ONE)
    put("t.csv", "b\n2\n")
    assert read(options={"file": file})[0] == [("1",)]


ASIDE = [".x.csv", "._x.csv", "~$x.csv", "x.csv~", "#x.csv#", "x.csv.part", "X.CSV.TMP"]
ASIDE += ["_SUCCESS", "x.csv._COPYING_", "x.csv.filepart", "x.csv.gz.crdownload", ".x.csv.8Hd2kA"]


@pytest.mark.parametrize("aside", [*ASIDE, ".stage/x.csv", "x.tmp/x.csv", "_temporary/0/x.csv"])
@pytest.mark.parametrize("file", ["sub/*", "sub/**/*", "sub", "sub/**/*.csv"])
def test_hidden_and_unfinished_files_are_never_data(
    put: Put, read: Read, file: str, aside: str
) -> None:
    put("sub/jan.csv", ONE)
    put(f"sub/{aside}", ONE)
    assert read(options={"file": file})[0] == [("1",)]


@pytest.mark.parametrize("aside", ASIDE)
def test_a_hidden_or_unfinished_file_is_refused_by_name(put: Put, read: Read, aside: str) -> None:
    put(f"sub/{aside}", ONE)
    with pytest.raises(ConfigError, match="hidden or unfinished file, which is never data"):
        read(options={"file": f"sub/{aside}"})


def test_an_absolute_file_may_be_anywhere(put: Put, tmp_path: Path) -> None:
    path = put("elsewhere/x.csv", ONE)
    source = CsvSource({"path": "tables"}, tmp_path)
    for file in (str(path), str(path.parent), f"{path.parent}/*.csv"):
        request = TableRequest("t", options={"file": file})
        assert source.describe(request).schema.names == ("a",)


def test_a_relative_folder_is_relative_to_the_config(put: Put, tmp_path: Path) -> None:
    put("config/tables/t.csv", ONE)
    source = CsvSource({"path": "tables"}, tmp_path / "config")
    assert [table.id for table in source.discover()] == ["t"]


def test_discover_sees_each_table_once(put: Put, source: CsvSource) -> None:
    for name in ("t10.csv", "t2.csv.gz", "many/1.csv", "many/2.csv", "notes.txt", "empty/x.txt"):
        put(name, gzip.compress(ONE.encode()) if name.endswith("gz") else ONE)
    put(".hidden.csv", ONE)
    assert [table.id for table in source.discover()] == ["many", "t2", "t10"]


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (
            None,
            r"table t has no file; expected \S+/t\.csv, \.csv\.gz, \.csv\.zst, .* or a folder t",
        ),
        ("gone.csv", r"gone\.csv: does not exist"),
        ("gone/*.csv", r"gone/\*\.csv: no file matches"),
        ("void", "void: the folder holds no table; expected files ending in .csv"),
    ],
)
def test_absent(put: Put, source: CsvSource, file: str | None, sentence: str) -> None:
    put("void/readme.txt", "")
    request = TableRequest("x.t", options={"file": file} if file else {})
    with pytest.raises(AbsentError, match=sentence):
        source.describe(request)
    with pytest.raises(AbsentError, match=sentence):
        source.read(request, Window())


def test_the_folder_itself_is_absent(tmp_path: Path) -> None:
    source = CsvSource({"path": "gone"}, tmp_path)
    for call in (lambda: list(source.discover()), lambda: source.describe(TableRequest("t"))):
        with pytest.raises(SourceError, match="gone: the folder does not exist") as error:
            call()
        assert not isinstance(error.value, AbsentError)  # nobody knows whether the table is gone


def test_a_name_in_other_letters_is_shown(put: Put, source: CsvSource) -> None:
    put("T.CSV", ONE)
    with pytest.raises(AbsentError, match=r"found T\.CSV\. The case of letters counts"):
        source.describe(TableRequest("t"))


def test_two_files_for_one_table(put: Put, read: Read) -> None:
    put("t.csv", ONE)
    put("t.csv.gz", gzip.compress(ONE.encode()))
    with pytest.raises(SourceError, match=r"more than one file here; found t\.csv and t\.csv\.gz"):
        read()


def test_two_files_that_differ_in_the_case_of_their_endings(put: Put, read: Read) -> None:
    put("t.csv", ONE)
    put("t.CSV", ONE)
    with pytest.raises(SourceError, match=r"more than one file here; found t\.csv and t\.CSV"):
        read()


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder that everybody may enter, and a test that is not root while it runs."""
    user = os.geteuid()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        if user == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)


def test_unreadable(nobody: Path) -> None:
    user = os.geteuid()
    os.seteuid(os.getuid())
    (nobody / "t.csv").write_text(ONE)
    (nobody / "t.csv").chmod(0)
    (nobody / "locked").mkdir(mode=0)
    os.seteuid(user)
    with pytest.raises(ForbiddenError, match=r"t\.csv: is there but may not be read"):
        CsvSource({"path": str(nobody)}, nobody).describe(TableRequest("t"))
    locked = CsvSource({"path": str(nobody / "locked")}, nobody)
    with pytest.raises(ForbiddenError, match="locked: is there but may not be read"):
        list(locked.discover())
    with pytest.raises(ForbiddenError, match="locked: is there but may not be read"):
        locked.describe(TableRequest("t"))


@pytest.mark.parametrize("file", ["../x.csv", "sub/../../x.csv", "/tmp/../x.csv"])  # noqa: S108
def test_file_does_not_climb(read: Read, file: str) -> None:
    with pytest.raises(ConfigError, match=r"must not contain '\.\.'"):
        read(options={"file": file})


@pytest.mark.parametrize("table_id", ["a/b", "x.~root", "x.", "..\\b"])
def test_an_id_that_names_no_file(source: CsvSource, table_id: str) -> None:
    with pytest.raises(ConfigError, match="cannot name a file"):
        source.describe(TableRequest(table_id))


def test_as_of_is_the_newest_change_and_never_in_the_future(put: Put, read: Read) -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    for name, moment in (("t/1.csv", new), ("t/2.csv", old)):
        os.utime(put(name, ONE), (moment.timestamp(),) * 2)
    assert read()[1].as_of == new
    late = (datetime.now(UTC) + timedelta(days=400)).timestamp()
    os.utime(put("t/3.csv", ONE), (late, late))
    assert read()[1].as_of <= datetime.now(UTC)


def test_a_version_names_the_content_and_is_none_while_it_may_yet_change(
    put: Put, source: CsvSource
) -> None:
    def version() -> str | None:
        return source.describe(TableRequest("t")).version

    path = put("t/1.csv", ONE)
    os.utime(path, (time.time(),) * 2)
    assert version() is None
    seen = set()
    for text in (ONE, "a\n2\n"):
        path.write_text(text)
        os.utime(path, (1_700_000_000,) * 2)
        assert version() == version()
        seen.add(version())
    os.utime(put("t/2.csv", ONE), (1_700_000_000,) * 2)
    seen.add(version())
    assert len(seen - {None}) == 3


def test_a_table_weighs_what_its_files_hold(put: Put, source: CsvSource) -> None:
    text = ONE * 50
    put("t/1.csv", text)
    assert source.describe(TableRequest("t")).bytes == len(text)
    packed = put("t/2.csv.gz", gzip.compress(text.encode())).stat().st_size
    assert source.describe(TableRequest("t")).bytes == len(text) + 4 * packed
