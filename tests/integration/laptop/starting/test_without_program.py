"""What works on a laptop without the program: rsync, a check by ssh-keygen, views by DuckDB."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.documented import documented

from ..scenes import Scene, first_rows, make_scene

# Stands in for DuckDB's own program, which reads the file of ``-init`` and then runs ``-c``.
DUCKDB = f"""#!{sys.executable}
import duckdb, sys
_, init, script, command, sql = sys.argv
assert (init, command) == ("-init", "-c")
with duckdb.connect() as connection:
    connection.execute(open(script).read())
    for row in connection.execute(sql).fetchall():
        print(*row)
"""


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The laptop has had its first contact, which brought the scripts and no more."""
    made = make_scene(tmp_path)
    kept = made.laptop.with_name("kept")
    kept.mkdir()
    (made.laptop / ".broker/allowed_signers").rename(kept / "allowed_signers")
    (made.laptop / "server/scripts").rename(kept / "scripts")
    subprocess.run(["chmod", "-R", "u+w", made.laptop], check=True)
    shutil.rmtree(made.laptop)
    (made.laptop / ".broker").mkdir(parents=True)
    (made.laptop / "server").mkdir()
    (kept / "allowed_signers").rename(made.laptop / ".broker/allowed_signers")
    (kept / "scripts").rename(made.laptop / "server/scripts")
    return made


def run(scene: Scene, command: str) -> subprocess.CompletedProcess[str]:
    """Type a command in the folder; its broker is a folder."""
    programs = scene.laptop.parent / "programs"
    programs.mkdir(exist_ok=True)
    (programs / "duckdb").write_text(DUCKDB)
    (programs / "duckdb").chmod(0o755)
    home = scene.instance.root / "home"
    remote = "-e 'ssh -F .broker/ssh_config' anna@broker.example.com:"
    return subprocess.run(
        ["bash", "-euc", f'PATH="{programs}:$PATH"; {command.replace(remote, f"{home}/")}'],
        cwd=scene.laptop,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_documented_commands_bring_checked_data_and_their_views(scene: Scene) -> None:
    copy, check, ask = documented("analyst-without-program")
    assert run(scene, copy).returncode == 0
    check_run = run(scene, check)
    assert (check_run.returncode, check_run.stderr) == (0, "")
    server = scene.laptop / "server"
    parts = ("parquet", "docs", "metadata", "changes")
    files = [p for part in parts for p in (server / part).rglob("*") if p.is_file()]
    assert check_run.stdout == f"broker: {len(files)} files are as they were signed\n"
    answer = run(scene, ask)
    rows = first_rows()
    assert (answer.returncode, answer.stdout) == (0, f"{len(rows)} 4500000.00\n"), answer.stderr


def test_a_view_reads_exactly_the_files_of_its_generation(scene: Scene) -> None:
    copy, check, ask = documented("analyst-without-program")
    run(scene, copy)
    table = scene.laptop / "server/parquet/shop/orders"
    stray = table / "2020_01.parquet"
    duckdb.sql("SELECT 1 AS id").write_parquet(str(stray))
    assert run(scene, ask).stdout == "3000 4500000.00\n"
    assert run(scene, check).returncode == 0, "what is not listed is not read, either"


def flip(place: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.chmod(place.stat().st_mode | stat.S_IWUSR)
    place.write_bytes(content)


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("manifest.json", "is not signed by the key that this folder knows"),
        ("manifest.json.sig", "is not signed by the key that this folder knows"),
        ("docs/views.sql", "are not those that were signed"),
        ("parquet/shop/orders/2026_03.parquet", "are not those that were signed"),
    ],
)
def test_one_changed_bit_is_found(scene: Scene, path: str, sentence: str) -> None:
    copy, check, _ = documented("analyst-without-program")
    run(scene, copy)
    flip(scene.laptop / "server" / path)
    check_run = run(scene, check)
    assert (check_run.returncode, check_run.stdout) == (1, "")
    assert sentence in check_run.stderr
    if "signed by" not in sentence:
        assert check_run.stderr.startswith(f"{path}: FAILED\n")


def test_a_missing_file_a_missing_key_and_a_missing_manifest_are_named(scene: Scene) -> None:
    copy, check, _ = documented("analyst-without-program")
    assert "server/manifest.json is missing" in run(scene, check).stderr
    run(scene, copy)
    (scene.laptop / "server/docs/views.sql").unlink()
    check_run = run(scene, check)
    assert check_run.returncode == 1
    assert check_run.stderr.startswith("docs/views.sql: FAILED open or read\n")
    (scene.laptop / ".broker/allowed_signers").unlink()
    check_run = run(scene, check)
    assert check_run.returncode == 1
    assert "is not signed by the key that this folder knows" in check_run.stderr


def test_a_sync_later_goes_on_from_what_rsync_brought(scene: Scene) -> None:
    copy, check, _ = documented("analyst-without-program")
    run(scene, copy)
    assert run(scene, check).returncode == 0
    ended = scene.sync(str(scene.instance.root / "home"))
    assert ended.returncode == 0, ended.stderr
    assert scene.has_the_signed_bytes()
