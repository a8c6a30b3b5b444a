"""What the name of a file says of it."""

from __future__ import annotations

import re

__all__ = [
    "SUFFIXES",
    "folder_columns",
    "input_stem",
    "is_backup",
    "is_never_data",
    "is_other_table",
    "natural_order",
    "original",
]

SUFFIXES = (".csv", ".csv.gz", ".csv.zst", ".csv.bz2", ".csv.xz", ".csv.zip")
"""How a file in a folder is called to count as an input, in any case of letters."""

_OTHER_TABLE = re.compile(
    r".*\.(?:gz|zstd?|bz2|xz|zip|tar|tgz|tbz2?|txz|7z|rar|lz4|lzo|lzma|snappy|deflate|br|z|tsv"
    r"|xlsx?|parquet)",
    re.IGNORECASE | re.DOTALL,
)
_UNFINISHED = re.compile(
    # hidden; a lock or a copy of an editor; what a transfer is still writing; Spark's own notes
    r"[.~].*|.*~|#.*#|.*\.(?:part|partial|filepart|tmp|temp|crdownload|download|opdownload|swp"
    r"|inprogress|incomplete|aria2|uploading|lock|_COPYING_)|_temporary|_delta_log|_SUCCESS|_(?:started|committed)_.*",
    re.IGNORECASE | re.DOTALL,
)

_BACKUP = re.compile(r".*\.(?:bak|backup|old|orig|save)", re.IGNORECASE | re.DOTALL)
# What browsers, Windows, macOS and office programs call a second file of one name.
_COPY = re.compile(
    r"(?:Copy of )?(?P<stem>[^.]+?)"
    r"(?:[ _]?\(\d+\)| - Copy(?: ?\(\d+\))?| copy(?: \d+)?)?(?P<ending>\..*)",
    re.IGNORECASE | re.DOTALL,
)


def natural_order(name: str) -> list[tuple[int, str]]:
    """A key for sorting by which ``part-2`` comes before ``part-10``."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def is_never_data(name: str) -> bool:
    """Whether the name of a file or folder says that it is hidden, or not finished yet."""
    return _UNFINISHED.fullmatch(name) is not None


def is_other_table(name: str) -> bool:
    """Whether a file that by its name is not an input may hold rows of a table all the same."""
    return bool(_OTHER_TABLE.fullmatch(name)) and not input_stem(name) and not is_never_data(name)


def is_backup(name: str) -> bool:
    """Whether the name of a file says that it is an older one, kept beside the file of today."""
    return _BACKUP.fullmatch(name) is not None


def folder_columns(path: str, plain: int) -> list[str]:
    """The names of columns whose values are those of folders, as Hive and Spark lay out files.

    The first ``plain`` parts of the path are as a person wrote them, and no such folders.
    """
    folders = path.strip("/").split("/")[plain:-1]
    return [name for name, equals, _ in (one.partition("=") for one in folders) if equals and name]


def original(name: str) -> str:
    """The name of the file of which this one is a copy, by its own name; else that name."""
    found = _COPY.fullmatch(name)
    return f"{found['stem']}{found['ending']}" if found else name


def input_stem(name: str) -> str:
    """The name of a file without its ending; empty where the ending is unknown.

    Empty, too, where the name says that the file is never data.
    """
    if is_never_data(name):
        return ""
    ending = next((end for end in SUFFIXES[::-1] if name.lower().endswith(end)), None)
    return name[: -len(ending)] if ending else ""
