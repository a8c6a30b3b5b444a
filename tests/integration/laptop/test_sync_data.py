from __future__ import annotations

import fcntl
import json
import os
import re
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
    with duckdb.connect(str(database), read_only=True) as reader:
        home.table("salaries", "SELECT 9::BIGINT AS id")
        home.publish(again=True)
        assert synced.sync().returncode == 0
        assert reader.execute("FROM stores").fetchall() == [(7, "")]
    assert synced.query("FROM salaries") == [(9,)]
    del home.tables["salaries"]
    home.table("stores", "SELECT 8::BIGINT AS id, '' AS name")
    home.publish(again=True)
    assert synced.sync().returncode == 0
    assert synced.query("SELECT view_name FROM duckdb_views() WHERE NOT internal") == [
        ("orders",),
        ("stores",),
    ]
    assert synced.query("FROM stores") == [(8, "")]


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
        (remove_file, "parquet/shop/stores/0.parquet"),
        (edit_manifest, "signature"),
        (drop_signature, "came without a signature"),
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
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    corrupt(home)
    assert synced.sync().returncode == 1
    home.publish()
    assert synced.sync().returncode == 0
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_a_table_that_failed_at_the_broker_is_told_with_its_age(laptop: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 7::BIGINT AS id", status=Status.FAILED)
    home.publish()
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 3
    assert "stores is of 2026-11-01 12:00 UTC: last load failed" in ended.stderr
    assert laptop.query("FROM stores") == [(7,)]


def test_a_promise_of_freshness_is_held_against_the_clock(laptop: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 7::BIGINT AS id", freshness_seconds=1)
    home.publish()
    ended = laptop.sync(str(home.path))
    assert ended.returncode in (0, 3)
    assert ("older than" in ended.stderr) == (ended.returncode == 3)


def renew(home: Home) -> None:
    """Offer another set of scripts."""
    with (home.path / "server/scripts/broker.sh").open("a") as script:
        script.write("# newer\n")
    home.offer_scripts()


def without_scripts(home: Home) -> None:
    for name in ("scripts", "examples"):
        for path in (home.path / "server" / name).iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def without_a_module(home: Home) -> None:
    renew(home)
    (home.path / "server/scripts/bootstrap.py").unlink()


def half_a_script(home: Home) -> None:
    renew(home)
    script = home.path / "server/scripts/sync_data.sh"
    script.write_text(script.read_text()[:90])


def without_tables(home: Home) -> None:
    home.tables.clear()
    home.publish()


@pytest.mark.parametrize(
    ("lose", "sentence"),
    [
        (without_scripts, "does not offer a whole set of scripts (SHA256SUMS is missing)"),
        (without_a_module, "does not offer a whole set of scripts (scripts/bootstrap.py is"),
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
    (synced.path / "user" / "duckdb" / "mine.duckdb").write_bytes(b"x")
    (synced.path / "user" / "artifacts" / "link").symlink_to("answer.csv")
    ended = synced.sync("--push")
    assert ended.returncode == 0
    left_out = [line for line in ended.stdout.splitlines() if line.startswith("not sent: ")]
    assert left_out == [
        "not sent: artifacts/link: a link",
        "not sent: duckdb/mine.duckdb: a database",
    ]
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


def test_an_unsigned_broker_is_never_believed(laptop: Laptop, home: Home) -> None:
    home.publish(signed=False)
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 1
    assert "came without a signature" in ended.stderr
    assert not (laptop.path / "server/current").exists()


def test_a_folder_without_the_key_of_its_broker_believes_nobody(laptop: Laptop, home: Home) -> None:
    (laptop.path / ".broker/allowed_signers").unlink()
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 1
    assert "does not know the key that signs" in ended.stderr
    assert "Run the line for a first contact" in ended.stderr


@pytest.mark.parametrize(
    "own",
    [
        "TABLE mine AS SELECT 42 AS answer",
        "VIEW mine AS FROM read_parquet('OTHER')",
        "VIEW mine AS SELECT * FROM orders",
        "MACRO mine() AS 42",
        "SEQUENCE mine",
        "TYPE mine AS ENUM ('x')",
        "SCHEMA mine",
        "OR REPLACE VIEW orders AS SELECT 42 AS answer",
    ],
)
def test_what_is_own_in_the_database_of_views_is_set_aside_whole(
    synced: Laptop, home: Home, own: str, tmp_path: Path
) -> None:
    other = tmp_path / "other.parquet"
    duckdb.sql(f"COPY (SELECT 42 AS answer) TO '{other}'")
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    with duckdb.connect(str(database)) as connection:
        connection.execute(f"CREATE {own}".replace("OTHER", str(other)))
    kept = database.read_bytes()
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    (aside,) = database.parent.glob("analytics-kept-*.duckdb")
    assert f"had something of yours in it, which is now user/duckdb/{aside.name}" in ended.stderr
    assert aside.read_bytes() == kept
    assert synced.query("FROM stores") == [(8, "Brno")]


@pytest.mark.parametrize("content", [b"", b"not a database", b"x" * 20_000])
def test_a_database_that_cannot_be_read_is_set_aside(
    synced: Laptop, home: Home, content: bytes
) -> None:
    """Such as one of a newer DuckDB, with tables of the analyst's own in it."""
    database = synced.path / "user" / "duckdb" / "analytics.duckdb"
    database.write_bytes(content)
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    (aside,) = database.parent.glob("analytics-kept-*.duckdb")
    assert aside.read_bytes() == content
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_a_file_that_is_not_in_the_manifest_never_arrives(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    (home.current / "parquet" / "shop" / "stores" / "1.parquet").write_bytes(b"PAR1")
    ended = synced.sync()
    assert ended.returncode == 0, ended.stderr
    assert "parquet/shop/stores/1.parquet" not in tree_of(synced)
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_generations_are_kept_for_a_day_and_the_one_before_for_longer(
    laptop: Laptop, home: Home
) -> None:
    """A notebook that has the views open reads on."""
    names = []
    for number in range(5):
        home.table("stores", f"SELECT {number}::BIGINT AS id, '' AS name")
        names.append(home.publish())
        assert laptop.sync(str(home.path)).returncode == 0
    folder = laptop.path / "server" / "generations"
    assert sorted(path.name for path in folder.iterdir()) == [*names]
    for name in names[:-1]:
        os.utime(folder / name, (1_790_000_000, 1_790_000_000 + names.index(name)))
    assert laptop.sync().returncode == 0
    assert sorted(path.name for path in folder.iterdir()) == names[-2:]


def test_the_program_renews_itself_and_goes_on_with_the_new_one(laptop: Laptop, home: Home) -> None:
    script = home.path / "server" / "scripts" / "broker.sh"
    script.write_text(script.read_text().replace("set -eu", "set -eu\necho renewed"))
    home.offer_scripts()
    ended = laptop.sync(str(home.path))
    assert ended.returncode == 0, ended.stderr
    assert "updated" in ended.stdout
    assert ended.stdout.count("renewed") == 1
    local = laptop.path / "server" / "scripts" / "broker.sh"
    assert local.read_text() == script.read_text()


def test_going_back_to_the_generation_before_and_forward_again(synced: Laptop, home: Home) -> None:
    first = home.current.name
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    second = home.publish()
    assert synced.sync().returncode == 0
    for words, stores in (("previous", [(7, "")]), (second, [(8, "Brno")]), (first, [(7, "")])):
        ended = synced.sync("--generation", words)
        assert ended.returncode == 0, ended.stderr
        assert synced.query("FROM stores") == stores
    assert synced.sync().returncode == 0
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_a_broker_that_goes_back_is_followed_on_a_word_alone(synced: Laptop, home: Home) -> None:
    """An old generation keeps its signature: who cannot sign could show it again."""
    first = home.current
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    assert synced.sync().returncode == 0
    home.point(first)
    ended = synced.sync()
    assert ended.returncode == 1
    assert f"--generation {first.name}" in ended.stderr
    assert synced.query("FROM stores") == [(8, "Brno")]
    ended = synced.sync("--generation", first.name)
    assert ended.returncode == 0, ended.stderr
    assert synced.query("FROM stores") == [(7, "")]
    assert synced.sync().returncode == 0, "one word is enough"


def test_a_dry_run_says_what_and_why_and_changes_nothing(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    name = home.publish()
    before = tree_of(synced)
    ended = synced.sync("--dry-run")
    assert ended.returncode == 0, ended.stderr
    head, line = ended.stdout.splitlines()
    assert head.startswith(f"generation {name}: 1 of 4 files are new, at most 0.0 MB")
    assert line.startswith("  shop/stores: fetched, 1 rows, 0.0 MB: loaded as a whole")
    facts = json.loads(synced.sync("--dry-run", "--json").stdout)
    assert [table["how"] for table in facts["tables"]] == ["kept", "fetched"]
    assert tree_of(synced) == before


def test_above_the_limit_nobody_to_ask_is_a_refusal_of_its_own(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name")
    home.publish()
    before = tree_of(synced)
    ended = synced.sync("--limit", "100B")
    assert ended.returncode == 4
    assert "Sync with --limit 1MB" in ended.stderr
    assert tree_of(synced) == before
    assert synced.sync("--limit", "1MB").returncode == 0
    assert "this is not a size" in synced.sync("--limit", "much").stderr


def test_a_dataset_is_left_out_and_comes_back(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id, 'Brno' AS name", dataset="shops")
    home.publish()
    ended = synced.sync("--without", "shops")
    assert ended.returncode == 0, ended.stderr
    assert "shop/stores will not be here any more" in ended.stdout
    assert 'without = ["shops"]' in (synced.path / "broker.toml").read_text()
    views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
    assert synced.query(views) == [("orders",)]
    assert not [path for path in tree_of(synced) if "stores" in path]
    kept = (synced.path / "server/generations").rglob("*.parquet")
    assert {path.parent.name for path in kept} == {"orders"}
    assert synced.sync("--generation", "previous").returncode == 0
    assert synced.query(views) == [("orders",)]
    assert synced.sync().returncode == 0
    assert synced.query(views) == [("orders",)]
    ended = synced.sync("--without", "shop")
    assert "Did you mean shops?" in ended.stderr
    assert synced.sync("--dataset", "shops").returncode == 0
    assert synced.query("FROM stores") == [(8, "Brno")]


def test_one_table_alone_and_all_again(synced: Laptop) -> None:
    views = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
    assert synced.sync("--table", "orders").returncode == 0
    assert synced.query(views) == [("orders",)]
    assert synced.sync("--table", "all").returncode == 0
    assert synced.query(views) == [("orders",), ("stores",)]


def test_the_result_for_a_program_is_one_object(synced: Laptop, home: Home) -> None:
    home.table("stores", "SELECT 8::BIGINT AS id", status=Status.FAILED)
    name = home.publish()
    ended = synced.sync("--json")
    assert ended.returncode == 3
    facts = json.loads(ended.stdout)
    assert facts["generation"] == name
    assert facts["stale"] == ["stores is of 2026-11-01 12:00 UTC: last load failed"]


def test_a_clock_that_is_behind_hides_no_age(synced: Laptop, home: Home, tmp_path: Path) -> None:
    """Freshness counts from when the data were made, whatever the laptop believes."""
    home.table("stores", "SELECT 7::BIGINT AS id, '' AS name", freshness_seconds=60)
    home.publish()
    clock = tmp_path / "sitecustomize.py"
    clock.write_text("")
    assert synced.sync().returncode == 3


@pytest.mark.parametrize(
    "words", ["anna@host:22", "ssh://anna@host", "-oProxyCommand=touch", "anna@ho st", ""]
)
def test_what_names_no_broker_is_refused_and_not_remembered(synced: Laptop, words: str) -> None:
    before = (synced.path / ".broker/host").read_text()
    ended = synced.sync("--", words) if words.startswith("-") else synced.sync(words)
    assert ended.returncode == (0 if not words else 1)
    assert (synced.path / ".broker/host").read_text() == before


def test_a_release_before_this_one_hands_over_with_its_own_lock(synced: Laptop) -> None:
    """Its shell script held the lock as descriptor 9, and started the new script with it."""
    script, busy = synced.path / "server/scripts/sync_data.sh", synced.path / ".broker/busy"
    line = f"exec 9>>'{busy}'; flock 9; BROKER_UPDATED=yes exec bash '{script}'"
    ended = subprocess.run(
        ["bash", "-c", line], env=synced.environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def test_how_long_each_phase_took_is_shown(laptop: Laptop, home: Home) -> None:
    ended = laptop.sync(str(home.path), "--verbose")
    *_, phases, last = ended.stdout.splitlines()
    assert last.startswith("generation ")
    found = re.fullmatch(r"asking the broker (\S+) s, data (\S+) s, views (\S+) s", phases)
    assert found is not None, ended.stdout
    facts = json.loads(laptop.sync("--json").stdout)
    assert [*facts["phases"]] == ["asking the broker", "data", "views"]
    assert 0 < sum(facts["phases"].values()) <= facts["seconds"] + 0.02
