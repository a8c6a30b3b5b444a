"""What this machine's own rsync sends is understood."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from broker.transport.grammar import Rsync, parse
from broker.transport.places import RemotePath, parse_path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-av", "HOST:server/parquet/", "there/"], RemotePath("generation", ("parquet",), True)),
        (["-rt", "--delete", "HOST:server/scripts/", "there/"], RemotePath("scripts", (), True)),
        (["-I", "HOST:server/generation/manifest.json", "there/"], None),
        (["-aAXvzPi", "--no-A", "--no-X", "HOST:server/docs", "there"], None),
        (["-av", "--timeout=60", "--bwlimit=1m", "-c", "HOST:./user//scripts/", "there/"], None),
        (["-avn", "--delete", "--stats", "here/", "HOST:user/"], RemotePath("user", (), True)),
        (["-avzP", "--max-delete=5", "here/", "HOST:user/scripts"], None),
        (["-rlt", "--exclude=/duckdb/x*", "here/", "HOST:~/user/"], RemotePath("user", (), True)),
    ],
)
def test_what_real_clients_send_is_understood(
    arguments: list[str], expected: RemotePath | None, tmp_path: Path
) -> None:
    wish = parse(sent_by_rsync(arguments, tmp_path))
    assert isinstance(wish, Rsync)
    assert wish.sends == arguments[-2].startswith("HOST:")
    (found,) = [parse_path(path, sends=wish.sends) for path in wish.paths]
    assert expected in (None, found)


def sent_by_rsync(arguments: list[str], folder: Path) -> str:
    """The command that this machine's rsync would have a server run."""
    (folder / "here").mkdir()
    shell = folder / "shell"
    shell.write_text('#!/bin/sh\nshift; echo "$*" > sent; exit 1\n')
    shell.chmod(0o755)
    subprocess.run(
        ["rsync", f"--rsh={shell}", *arguments], cwd=folder, check=False, capture_output=True
    )
    return (folder / "sent").read_text().rstrip("\n")
