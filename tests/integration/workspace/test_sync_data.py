from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from broker.manifest import Status
from broker.publish.sign import Signer

from .homes import Home, Laptop


def tree_of(laptop: Laptop) -> dict[str, int]:
    """Every file below ``server/current``, with its inode."""
    current = (laptop.path / "server" / "current").resolve()
    files = (path for path in current.rglob("*") if path.is_file())
    return {str(path.relative_to(current)): path.stat().st_ino for path in files}


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_first_sync_brings_a_generation_and_its_views(
    laptop: Laptop, home: Home, shell: str
) -> None:
    ended = laptop.sync(str(home.path), shell=shell)
    assert ended.returncode == 0, ended.stderr
    assert "2 tables, 3 rows, signed" in ended.stdout.splitlines()[-1]
    assert laptop.query("SELECT id, country FROM orders ORDER BY id") == [(1, "NA"), (2, None)]
    assert laptop.query("FROM stores") == [(7, "")]
    for name in ("parquet", "docs", "metadata"):
        link = laptop.path / "server" / name
        assert str(link.readlink()) == f"current/{name}"
        assert link.is_dir()


def test_second_sync_needs_no_host_and_moves_nothing_that_is_here(
    synced: Laptop, home: Home
) -> None:
    before = tree_of(synced)
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert "1 of 4 files are new" in ended.stdout
    after = tree_of(synced)
    orders = "parquet/shop/orders/0.parquet"
    stores = "parquet/shop/stores/0.parquet"
    assert before[orders] == after[orders]
    assert before[stores] != after[stores]
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_a_sync_without_news_changes_nothing(synced: Laptop) -> None:
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    before = (tree_of(synced), database.stat().st_ino)
    assert synced.sync().returncode == 0
    assert (tree_of(synced), database.stat().st_ino) == before


def test_files_are_read_only_so_that_history_stays_what_it_was(synced: Laptop) -> None:
    current = (synced.path / "server" / "current").resolve()
    for path in current.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) & 0o222 == 0, path


def test_open_views_read_the_generation_before_to_the_end(synced: Laptop, home: Home) -> None:
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    with duckdb.connect(str(database), read_only=True) as reader:
        home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
        home.publish()
        assert synced.sync().returncode == 0
        assert reader.execute("FROM stores").fetchall() == [(7, "")]
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_a_grant_and_a_revocation_within_a_generation_reach_the_views(
    synced: Laptop, home: Home
) -> None:
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    instructions = synced.path / "server" / "CLAUDE.md"
    with duckdb.connect(str(database), read_only=True) as reader:
        home.table("salaries", "SELECT 9::BIGINT AS id")
        home.publish(again=True)
        assert synced.sync().returncode == 0
        assert reader.execute("FROM stores").fetchall() == [(7, "")]
    assert synced.query("FROM salaries") == [(9,)]
    assert "### `salaries`" in instructions.read_text()
    del home.tables["salaries"]
    home.table("stores", "SELECT 8::BIGINT AS id, '' AS name")
    home.publish(again=True)
    assert synced.sync().returncode == 0
    assert synced.query("SELECT view_name FROM duckdb_views() WHERE NOT internal") == [
        ("orders",),
        ("stores",),
    ]
    assert synced.query("FROM stores") == [(8, "")]
    assert "### `salaries`" not in instructions.read_text()
    assert len(list((synced.path / "server" / "generations").iterdir())) == 2


def test_generations_before_the_last_two_are_removed(laptop: Laptop, home: Home) -> None:
    names = []
    for number in range(3):
        home.table("stores", f"SELECT {number}::BIGINT AS id, '' AS name")
        names.append(home.publish())
        assert laptop.sync(str(home.path)).returncode == 0
    kept = sorted(path.name for path in (laptop.path / "server" / "generations").iterdir())
    assert kept == names[1:]


def test_plain_rsync_first_is_taken_over_without_moving_it_again(
    laptop: Laptop, home: Home
) -> None:
    source, target = f"{home.path}/server/parquet/", f"{laptop.path}/server/parquet/"
    subprocess.run(["rsync", "-a", "--mkpath", source, target], check=True)
    plain = laptop.path / "server" / "parquet" / "shop" / "orders" / "0.parquet"
    inode = plain.stat().st_ino
    assert laptop.sync(str(home.path)).returncode == 0
    assert (laptop.path / "server" / "parquet").is_symlink()
    assert plain.stat().st_ino == inode


def test_plain_rsync_afterwards_still_works_and_the_next_sync_is_whole(
    synced: Laptop, home: Home
) -> None:
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    source, target = f"{home.path}/server/parquet/", f"{synced.path}/server/parquet/"
    subprocess.run(["rsync", "-a", source, target], check=True)
    assert synced.sync().returncode == 0
    assert synced.query("FROM stores") == [(9, "Linz")]


def test_a_file_changed_here_is_fetched_anew(synced: Laptop, home: Home) -> None:
    path = (synced.path / "server" / "parquet" / "shop" / "orders" / "0.parquet").resolve()
    was = path.stat()
    path.chmod(0o640)
    content = bytearray(path.read_bytes())
    content[10] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert synced.query("SELECT country FROM orders WHERE id = 1") == [("NA",)]


def corrupt(home: Home) -> None:
    path = home.current / "parquet" / "shop" / "stores" / "0.parquet"
    content = bytearray(path.read_bytes())
    content[-20] ^= 0xFF
    path.write_bytes(content)
    os.utime(path, (1_790_000_000,) * 2)  # rsync takes another time for another content


def lengthen(home: Home) -> None:
    with (home.current / "docs" / "schema.yml").open("ab") as stream:
        stream.write(b"more: true\n")


def add_stranger(home: Home) -> None:
    (home.current / "parquet" / "shop" / "stores" / "1.parquet").write_bytes(b"PAR1")


def remove_file(home: Home) -> None:
    (home.current / "parquet" / "shop" / "stores" / "0.parquet").unlink()


def edit_manifest(home: Home) -> None:
    path = home.current / "manifest.json"
    path.write_text(path.read_text().replace("All the orders", "All the 0rders"))


def drop_signature(home: Home) -> None:
    (home.current / "manifest.json.sig").unlink()


def sign_with_another_key(home: Home) -> None:
    other = Signer.own(home.path / "other")
    manifest = (home.current / "manifest.json").read_bytes()
    (home.current / "manifest.json.sig").write_bytes(other.sign(manifest))
    other.export(home.path / "server" / "scripts" / "allowed_signers")


def name_a_folder_elsewhere(home: Home) -> None:
    path = home.current / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["generation"] = "../../../elsewhere"
    path.write_text(json.dumps(manifest))
    (home.current / "manifest.json.sig").write_bytes(home.signer.sign(path.read_bytes()))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (corrupt, "not what its manifest says"),
        (lengthen, "docs/schema.yml"),
        (add_stranger, "parquet/shop/stores/1.parquet"),
        (remove_file, "parquet/shop/stores/0.parquet"),
        (edit_manifest, "signature"),
        (drop_signature, "not signed any more"),
        (sign_with_another_key, "signature"),
        (name_a_folder_elsewhere, "expected the name of a generation"),
    ],
)
def test_what_is_not_as_it_was_signed_is_refused_and_changes_nothing(
    synced: Laptop, home: Home, damage: object, says: str
) -> None:
    before = tree_of(synced)
    home.table("stores", "SELECT 9::BIGINT AS id, 'Linz' AS name")
    home.publish()
    damage(home)  # type: ignore[operator]
    ended = synced.sync()
    assert ended.returncode == 1
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr
    assert tree_of(synced) == before
    assert synced.query("FROM stores") == [(7, "")]


def test_after_a_refusal_the_next_good_generation_arrives(synced: Laptop, home: Home) -> None:
    home.publish()
    corrupt(home)
    assert synced.sync().returncode == 1
    home.publish()
    assert synced.sync().returncode == 0


def test_an_unsigned_broker_is_believed_from_the_start_or_never(laptop: Laptop, home: Home) -> None:
    (home.path / "server" / "scripts" / "allowed_signers").unlink()
    home.publish(signed=False)
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 0, ended.stderr
    assert "not signed" in ended.stdout


def test_a_first_contact_that_was_cut_off_pins_nothing(
    laptop: Laptop, home: Home, tmp_path: Path
) -> None:
    cp = tmp_path / "cp"
    cp.write_text(
        '#!/bin/sh\ncase $1 in */allowed_signers) : >"$2"; exit 1 ;; esac\n'
        f'exec {shutil.which("cp")} "$@"\n'
    )
    cp.chmod(0o755)
    path = laptop.environment["PATH"]
    laptop.environment["PATH"] = f"{tmp_path}{os.pathsep}{path}"
    assert laptop.sync(str(home.path)).returncode == 1
    laptop.environment["PATH"] = path
    ended = laptop.sync()
    assert ended.returncode == 0, ended.stderr
    assert "first contact" in ended.stdout


def test_a_table_that_failed_at_the_broker_is_told_with_its_age(laptop: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 7::BIGINT AS id", status=Status.FAILED, error="no such file")
    home.publish()
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 3
    assert "stores is of 2026-11-01 12:00 UTC: no such file" in ended.stderr
    assert laptop.query("FROM stores") == [(7,)]


def test_a_promise_of_freshness_is_held_against_the_clock(laptop: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 7::BIGINT AS id", freshness_seconds=1)
    home.publish()
    ended = laptop.sync(str(home.path))
    assert ended.returncode in (0, 3)
    assert ("older than" in ended.stderr) == (ended.returncode == 3)


def test_the_script_renews_itself_and_goes_on_with_the_new_one(laptop: Laptop, home: Home) -> None:
    script = home.path / "server" / "scripts" / "sync_data.sh"
    script.write_text(script.read_text().replace("not signed any more", "unsigned now"))
    home.offer_scripts()
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 0, ended.stderr
    assert "updated" in ended.stdout
    local = laptop.path / "server" / "scripts" / "sync_data.sh"
    assert local.read_text() == script.read_text()


def without_scripts(home: Home) -> None:
    for name in ("scripts", "examples"):
        for path in (home.path / "server" / name).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def without_a_module(home: Home) -> None:
    (home.path / "server/scripts/laptop/views.py").unlink()


def half_a_script(home: Home) -> None:
    script = home.path / "server/scripts/sync_data.sh"
    script.write_text(script.read_text()[:900])


def without_tables(home: Home) -> None:
    home.tables.clear()
    home.publish()


@pytest.mark.parametrize(
    ("lose", "sentence"),
    [
        (without_scripts, "does not offer a whole set of scripts (scripts/SHA256SUMS is missing)"),
        (without_a_module, "does not offer a whole set of scripts (scripts/laptop/views.py is"),
        (half_a_script, "does not offer a whole set of scripts (scripts/sync_data.sh is not as"),
        (without_tables, "has no table, and you have 2. Nothing was changed here."),
    ],
)
@pytest.mark.parametrize("rsync", [True, False])
def test_a_broker_that_shows_less_takes_nothing_from_a_laptop(
    synced: Laptop, home: Home, lose: Callable[[Home], None], sentence: str, rsync: bool
) -> None:
    """As one whose data disk is not mounted, or that is just being deployed."""

    def tree() -> dict[str, bytes]:
        paths = [path for part in ("server", "user") for path in (synced.path / part).rglob("*")]
        return {str(path): path.read_bytes() for path in paths if path.is_file()}

    rows = synced.query("FROM orders")
    if not rsync:
        synced.lose_rsync()
    before = tree()
    lose(home)
    for _ in range(2):
        ended = synced.sync()
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1), ended.stderr
        assert sentence in ended.stderr
        assert {
            path: content for path, content in tree().items() if "/.incoming" not in path
        } == before
    assert synced.query("FROM orders") == rows


def test_a_broker_without_a_table_is_believed_once_its_data_are_given_up(
    synced: Laptop, home: Home
) -> None:
    without_tables(home)
    (synced.path / "server/current").unlink()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert "0 tables" in ended.stdout


@pytest.mark.parametrize(
    "own",
    [
        "TABLE mine AS SELECT 42 AS answer",
        "VIEW mine AS FROM read_parquet('OTHER')",
        "MACRO mine() AS 42",
        "SEQUENCE mine",
        "TYPE mine AS ENUM ('x')",
    ],
)
def test_what_is_own_in_the_database_of_views_is_never_lost(
    synced: Laptop, home: Home, own: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.parquet"
    duckdb.sql(f"COPY (SELECT 42 AS answer) TO '{other}'")
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"CREATE {own}".replace("OTHER", str(other)))
    kept = database.read_bytes()
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 1
    assert "holds something of yours (mine)" in ended.stderr
    assert database.read_bytes() == kept


def test_what_a_killed_program_left_beside_the_views_is_not_applied_to_new_ones(
    synced: Laptop, home: Home
) -> None:
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    program = (
        "import duckdb, os, sys\n"
        "connection = duckdb.connect(sys.argv[1])\n"
        "view = \"SELECT sql FROM duckdb_views() WHERE view_name = 'stores'\"\n"
        "sql = connection.execute(view).fetchone()[0]\n"
        "connection.execute(sql.replace('CREATE', 'CREATE OR REPLACE', 1))\n"
        "os._exit(1)\n"
    )
    subprocess.run([sys.executable, "-c", program, database], check=False)
    assert database.with_name("analytics.duckdb.wal").exists()
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_the_program_duckdb_is_run_without_what_a_person_has_it_begin_with(
    laptop: Laptop, home: Home, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    duck = tmp_path / "duckdb"
    duck.write_text(f'#!/bin/sh\necho "$*" >>{tmp_path}/started\ncat >/dev/null\n')
    for program in (python, duck):
        program.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{laptop.environment['PATH']}"
    laptop.environment.update(BROKER_PYTHON=str(python), PATH=path)
    ended = laptop.sync(str(home.path))
    assert (tmp_path / "started").read_text().startswith("-init /dev/null -batch "), ended.stderr


def test_a_database_open_for_writing_elsewhere_is_left_alone(synced: Laptop, home: Home) -> None:
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    hold = f"import duckdb; c = duckdb.connect({str(database)!r}); print('open'); input()"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", hold],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
        home.publish()
        ended = synced.sync()
        holder.communicate("\n")
    assert ended.returncode == 1
    assert "open for writing in another program" in ended.stderr
    assert synced.sync().returncode == 0
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_push_sends_own_files_but_no_database_of_views(synced: Laptop, home: Home) -> None:
    (synced.path / "user" / "artifacts").mkdir()
    (synced.path / "user" / "artifacts" / "answer.csv").write_text("42\n")
    assert synced.sync("--push").returncode == 0
    assert (home.path / "user" / "artifacts" / "answer.csv").read_text() == "42\n"
    assert not (home.path / "user" / "duckdb" / "analytics.duckdb").exists()


def test_two_syncs_at_once_do_not_meet(synced: Laptop) -> None:
    with (synced.path / ".broker" / "busy").open("w") as busy:
        fcntl.flock(busy, fcntl.LOCK_EX)
        busy.write("4711")
        busy.flush()
        ended = synced.sync()
        assert ended.returncode == 75
        assert "4711" in ended.stderr
    assert synced.sync().returncode == 0


def test_a_transfer_that_outlived_its_sync_keeps_the_next_one_off(
    synced: Laptop, home: Home, tmp_path: Path
) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    for pipe in (begun, go):
        os.mkfifo(pipe)
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "rsync").write_text(
        f"#!/bin/sh\ncase $* in *.incoming/) echo >{begun}; cat {go} ;; esac\n"
        f'exec {shutil.which("rsync")} "$@"\n'
    )
    (tools / "rsync").chmod(0o755)
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    slow = {**synced.environment, "PATH": f"{tools}{os.pathsep}{synced.environment['PATH']}"}
    script = synced.path / "server" / "scripts" / "sync_data.sh"
    with subprocess.Popen(["bash", script], env=slow, stdout=subprocess.DEVNULL) as killed:
        begun.read_text()
        killed.kill()
    assert synced.sync().returncode == 75
    go.write_text("")
    busy = synced.path / ".broker" / "busy"
    with busy.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # waits for the transfer's end
    assert synced.sync().returncode == 0
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_settings_of_a_persons_shell_and_python_do_not_matter(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    before = {path.name for path in synced.path.parent.iterdir()}
    more = {"CDPATH": ".:/tmp", "PYTHONINSPECT": "1", "PYTHONIOENCODING": "utf-16"}
    ended = subprocess.run(
        ["bash", "server/scripts/sync_data.sh"],
        cwd=synced.path,
        env={**synced.environment, **more},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert {path.name for path in synced.path.parent.iterdir()} == before
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_a_host_that_is_not_there_is_told_in_one_sentence(laptop: Laptop) -> None:
    laptop.environment["RSYNC_RSH"] = "false"
    ended = laptop.sync("anna@nowhere.invalid")
    assert ended.returncode == 1
    assert len(ended.stderr.strip().splitlines()) == 1
    assert "anna@nowhere.invalid" in ended.stderr


def test_a_certificate_that_ended_is_told_beside_what_ssh_says(
    laptop: Laptop, tmp_path: Path
) -> None:
    for name in ("authority", "old", "new"):
        line = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(line, check=True)
    for name, span in (("old", "-2d:-1d"), ("new", "-1d:+1d")):
        line = ["ssh-keygen", "-q", "-s", str(tmp_path / "authority"), "-I", "x", "-V", span]
        subprocess.run([*line, str(tmp_path / f"{name}.pub")], check=True)
    keys = "".join(f"  IdentityFile {tmp_path}/{name}\n" for name in ("new", "old", "none"))
    (tmp_path / "config").write_text(f"Host *\n{keys}  ProxyCommand false\n")
    laptop.environment["RSYNC_RSH"] = f"ssh -F {tmp_path}/config"
    ended = laptop.sync("anna@nowhere.invalid")
    assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1)
    assert f"Your certificate {tmp_path}/old-cert.pub ended at 20" in ended.stderr
    assert ended.stderr.count("Your certificate") == 1


def test_a_laptop_whose_job_has_no_home_is_told_the_same(laptop: Laptop, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host *\n  ProxyCommand false\n")  # ssh's own keys: ~/.ssh/…
    laptop.environment["RSYNC_RSH"] = f"ssh -F {tmp_path}/config"
    laptop.environment.pop("HOME", None)
    ended = laptop.sync("anna@nowhere.invalid")
    assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1), ended.stderr


def test_without_a_host_it_asks_for_one(laptop: Laptop) -> None:
    ended = laptop.sync()
    assert ended.returncode == 1
    assert "Say it once" in ended.stderr


def test_without_duckdb_it_says_how_to_get_it(laptop: Laptop, home: Home, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    python.chmod(0o755)
    laptop.environment["BROKER_PYTHON"] = str(python)
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 1
    assert "DuckDB is missing" in ended.stderr
    assert (laptop.path / "server" / "parquet" / "shop" / "orders" / "0.parquet").is_file()


def test_without_rsync_a_folder_is_copied(laptop: Laptop, home: Home) -> None:
    laptop.lose_rsync()
    for _ in range(2):
        ended = laptop.sync(str(home.path))
        assert ended.returncode == 0, ended.stderr
        home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
        home.publish()
    assert laptop.query("FROM stores") == [(8, "Brno")]


def test_quiet_says_nothing_when_all_is_well(laptop: Laptop, home: Home) -> None:
    ended = laptop.sync(str(home.path), "--quiet")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_the_agent_is_told_of_the_tables_and_an_own_file_is_kept(
    laptop: Laptop, home: Home
) -> None:
    (laptop.path / "CLAUDE.md").write_text("mine\n")
    laptop.sync(str(home.path))
    assert (laptop.path / "CLAUDE.md").read_text() == "mine\n"
    text = (laptop.path / "server" / "CLAUDE.md").read_text()
    assert "### `orders`" in text
    assert "`country`" in text
