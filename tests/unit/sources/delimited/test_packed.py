"""Compressed files and archives of one file, by their content."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from functools import cache

import pyarrow as pa
import pytest

from broker.errors import SourceError

from ..conftest import Put, Read

ROWS = 20_000
TEXT = b"id,v\n" + b"".join(b"%d,%d\n" % (at, at * 7919) for at in range(ROWS))


def zst(text: bytes) -> bytes:
    return bytes(pa.Codec("zstd").compress(text, asbytes=True))


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, text in entries:
            archive.writestr(name, text)
    return buffer.getvalue()


def tarred(*entries: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in entries:
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text))
    return buffer.getvalue()


SKIPPED = b"\x50\x2a\x4d\x18\x04\0\0\0size"  # a frame of zstd without content
MAC = ("__MACOSX/._t.csv", b"\0\5\x16\7")
PACKED: dict[str, Callable[[], bytes]] = {
    "gzip": lambda: gzip.compress(TEXT),
    "gzip with zeros after it": lambda: gzip.compress(TEXT) + bytes(70_000),
    "gzip members with zeros between": lambda: (
        gzip.compress(TEXT[:100]) + bytes(5) + gzip.compress(TEXT[100:])
    ),
    "bzip2": lambda: bz2.compress(TEXT[:9]) + bz2.compress(TEXT[9:]),
    "xz": lambda: lzma.compress(TEXT) + bytes(4),
    "zstd": lambda: zst(TEXT),
    "zstd of several threads (pzstd)": lambda: SKIPPED + zst(TEXT[:9]) + SKIPPED + zst(TEXT[9:]),
    "zip": lambda: zipped(("a/jan.csv", TEXT), MAC, ("a/.DS_Store", b"x")),
    "zip, stored": lambda: zipped(("jan.txt", TEXT), method=zipfile.ZIP_STORED),
    "tar": lambda: tarred(("jan.csv", TEXT), ("._jan.csv", b"x")),
    "tar.gz": lambda: gzip.compress(tarred(("jan.csv", TEXT))),
    "plain": lambda: TEXT,
}


@cache
def packed(kind: str) -> bytes:
    return PACKED[kind]()


@pytest.mark.parametrize("kind", PACKED)
@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.CSV.ZIP", "t.csv.bz2", "t.csv.xz"])
def test_the_content_says_how_a_file_is_packed(put: Put, read: Read, kind: str, name: str) -> None:
    put(name, packed(kind))
    rows, end = read()
    last = ROWS - 1
    assert (len(rows), end.rejects, rows[-1]) == (ROWS, (), (str(last), str(last * 7919)))


@pytest.mark.parametrize("kind", [kind for kind in PACKED if kind not in ("plain", "tar")])
def test_what_is_cut_off_is_no_shorter_table(put: Put, read: Read, kind: str) -> None:
    whole = packed(kind).rstrip(b"\0") if "zeros" in kind or kind == "xz" else packed(kind)
    for kept in (0.5, 0.999):
        put("t.csv", whole[: int(len(whole) * kept)])
        with pytest.raises(SourceError, match=r"cannot be read to its end|is an archive"):
            read()


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_of_several_files_is_refused_with_their_names(
    put: Put, read: Read, pack: Callable[..., bytes]
) -> None:
    put("t.csv", pack(("a.csv", TEXT), ("b.csv", TEXT)))
    with pytest.raises(SourceError, match=r"is an archive, and one is .*; found a\.csv, b\.csv"):
        read()
    put("t.csv", pack(MAC))
    with pytest.raises(SourceError, match=r"is an archive, and one is .*; found none"):
        read()


@pytest.mark.parametrize("more", [b"3,4\n", b"\0\0\1"], ids=["a row", "zeros and one"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_what_follows_an_archive_is_not_ignored(
    put: Put, read: Read, pack: Callable[..., bytes], more: bytes
) -> None:
    one = pack(("a.csv", TEXT))
    wholes = [one + more, one + pack(("b.csv", more))]
    if pack is tarred:
        wholes.append(gzip.compress(one + more))
    for whole in wholes:
        put("t.csv", whole)
        with pytest.raises(SourceError, match="is an archive and more after its end, or before"):
            read()


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_zeros_after_an_archive_fill_a_block(
    put: Put, read: Read, pack: Callable[..., bytes]
) -> None:
    put("t.csv", pack(("a.csv", TEXT)) + bytes(70_000 if pack is tarred else 700))
    assert len(read()[0]) == ROWS


def test_a_zip_archive_may_end_in_a_comment(put: Put, read: Read) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.comment = b"of the night"
    put("t.csv", buffer.getvalue())
    assert len(read()[0]) == ROWS


def test_what_follows_a_compressed_file_is_not_ignored(put: Put, read: Read) -> None:
    put("t.csv.gz", gzip.compress(TEXT) + b"1,2\n")
    with pytest.raises(SourceError, match="cannot be read to its end"):
        read()


def test_a_damaged_archive_is_refused(put: Put, read: Read) -> None:
    whole = bytearray(zipped(("a.csv", TEXT), method=zipfile.ZIP_STORED))
    whole[1000] ^= 1
    put("t.csv", bytes(whole))
    with pytest.raises(SourceError, match="cannot be read to its end: Bad CRC"):
        read()


@pytest.mark.parametrize("outer", [gzip.compress, lambda text: zipped(("a.csv.gz", text))])
def test_what_is_compressed_twice_is_named(
    put: Put, read: Read, outer: Callable[[bytes], bytes]
) -> None:
    put("t.csv", outer(gzip.compress(TEXT)))
    with pytest.raises(SourceError, match="is a compressed file in another"):
        read()


@pytest.mark.parametrize("ending", ["gz", "ZIP"])
def test_an_empty_file_is_not_a_compressed_table_without_rows(
    put: Put, read: Read, ending: str
) -> None:
    put(f"t.csv.{ending}", b"")
    with pytest.raises(SourceError, match="cannot be read to its end: it is empty"):
        read(options={"header": False, "columns": ["a"]})
