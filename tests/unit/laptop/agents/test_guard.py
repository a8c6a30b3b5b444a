from __future__ import annotations

import shutil
import subprocess
import time
from pathlib import Path, PurePath, PureWindowsPath

import pytest

from broker.laptop.agents.guard import refusal

ROOT = PurePath("/home/ann/my data")
WRITE = "server/ belongs to the broker"
OPEN = "This opens the database of views"


def bash(line: str, cwd: PurePath = ROOT) -> str | None:
    return refusal("Bash", {"command": line}, cwd, ROOT, ROOT.parent)


@pytest.mark.parametrize(
    "line",
    [
        "rm -rf server",
        "rm -rf ./server/parquet",
        f"rm -rf '{ROOT}/server'",
        "rm -rf user/../server/x",
        "rm -rf .",
        "rm -rf *",
        "rm -rf s*/parquet",
        'rm -rf "$PWD/server"',
        "rm -rf ${CLAUDE_PROJECT_DIR}/server",
        "cd server && rm x",
        "# don't keep what is old\nrm -rf server",
        "grep a <<<b\nrm -rf server",
        "python3 -c 'print(1 << n)'\nrm -rf server",
        "(date)>server/x",
        "true;>server/x",
        'echo "$(rm -rf server)"',
        "echo `rm -rf server`",
        "rm -rf ~/'my data/server'",
        'rm -rf "$HOME/my data/server"',
        "mv --target-directory=server user/x",
        "curl -s -o server/x https://broker.example.com",
        "wget -O server/x https://broker.example.com",
        "tar xzf x.tar.gz -C server",
        "tar --extract --directory=server -f x.tar",
        "unzip x.zip -d server",
        "gzip server/x",
        "sort -o server/x user/x",
        "ls | xargs rm server/x",
        "cd user; rm -r ../server",
        "sudo rm -r server",
        "bash -c 'rm -r server'",
        "mv server/x user/",
        "mv user/x server/",
        "truncate -s 0 server/x",
        "touch server/x",
        "mkdir -p server/x/y",
        "chmod -R u+w server",
        "echo x | tee -a server/x",
        "echo x > server/x",
        "cat > server/x <<E\nhello\nE",
        "cp user/x server/x",
        "cp -t server user/x",
        "install --target-directory=server user/x",
        "ln -s /etc server/x",
        "rsync -a ann@broker:server/parquet/ server/parquet/",
        "sed -i s/a/b/ server/x",
        "perl -pi -e s/a/b/ server/x",
        "dd if=/dev/zero of=server/x",
        "find server -name '*.parquet' -delete",
        "find server -name '*.parquet' -print0 | xargs -0 rm",
        "find ./server/docs | sudo xargs rm -f",
        "echo -n server/docs | xargs rm -r",
        "printf '%s\\n' server/a server/b |& xargs -n 1 truncate -s 0",
        "find . -type f -exec rm {} +",
        "duckdb -c \"COPY (SELECT 1) TO 'server/x.parquet'\"",
        "duckdb :memory: \"EXPORT DATABASE 'server/x'\"",
        "duckdb <<E\nCOPY t TO 'server/x';\nE",
        "apply_patch <<'E'\n*** Begin Patch\n*** Add File: server/x\n+x\n*** End Patch\nE",
        "cd user && apply_patch '*** Update File: ../server/x\n+x'",
        "apply_patch <<E\n*** Update File: user/x\n*** Move to: server/x\nE",
        "python3 - <<E\nduckdb.sql(\"COPY t TO 'server/x'\")\nE",
    ],
)
def test_what_writes_into_server_is_refused_with_what_to_do(line: str) -> None:
    reason = bash(line)
    assert reason is not None
    assert reason.startswith(WRITE)
    assert "bash server/scripts/sync_data.sh" in reason


@pytest.mark.parametrize(
    "line",
    [
        "duckdb user/duckdb/analytics.duckdb",
        "duckdb user/duckdb/analytics.duckdb 'SELECT 1'",
        "duckdb -c 'SELECT 1' ./user/duckdb/analytics.duckdb",
        "cd user/duckdb && duckdb analytics.duckdb",
        "duckdb -c \"ATTACH 'user/duckdb/analytics.duckdb' AS a\"",
        "python3 -c \"import duckdb; duckdb.connect('user/duckdb/analytics.duckdb')\"",
        'python3 <<E\nimport duckdb\nc = duckdb.connect("user/duckdb/analytics.duckdb")\nE',
        "uv --quiet run python -c \"duckdb.connect(database='user/duckdb/analytics.duckdb')\"",
    ],
)
def test_what_opens_the_views_for_writing_is_refused_with_what_to_do(line: str) -> None:
    reason = bash(line)
    assert reason is not None
    assert reason.startswith(OPEN)
    assert 'bash server/scripts/broker.sh sql "SELECT ..."' in reason


@pytest.mark.parametrize(
    "line",
    [
        "bash server/scripts/sync_data.sh",
        "bash server/scripts/sync_data.sh --push 2>&1 | tail",
        'bash server/scripts/broker.sh sql "SELECT 1" > user/artifacts/x.csv',
        "cat server/x; ls server | head",
        "cp server/x user/x",
        "cp -t user server/x",
        "rsync -a server/parquet/ user/parquet/",
        "find server -name '*.parquet'",
        "find server -name '*.md' | xargs wc -l",
        "find server -name '*.md' | xargs cat | tee notes.md",
        "find server; find user -name '*.tmp' | xargs rm",
        "find user -name '*.tmp' | xargs rm; find server",
        "find server | grep parquet",
        "find server -type f -exec wc -l {} +",
        "find user -name '*.tmp' -delete",
        "rm -rf user/x /tmp/x",
        "rm *.csv user/*",
        "sed s/a/b/ server/x",
        "sed -i s/a/b/ user/x",
        "mkdir user/server",
        "rm server2 myserver/x",
        "echo 'rm -rf server' > user/note",
        "cat > user/clean.sh <<'E'\nrm -rf server\nE",
        "git commit -m 'rm -rf server; duckdb user/duckdb/analytics.duckdb'",
        "grep -r 'rm server' user",
        "duckdb -readonly user/duckdb/analytics.duckdb 'SELECT 1'",
        "duckdb -readonly -cmd \"SET TimeZone = 'UTC'\" user/duckdb/analytics.duckdb",
        "duckdb user/duckdb/own.duckdb",
        "duckdb -c \"COPY (FROM 'server/x.parquet') TO 'user/x.csv'\"",
        "duckdb -c \"ATTACH 'user/duckdb/analytics.duckdb' AS a (READ_ONLY)\"",
        "python3 -c \"duckdb.connect('user/duckdb/analytics.duckdb', read_only=True)\"",
        "python3 server/examples/query.py 'SHOW TABLES'",
        "dd if=server/x of=user/x",
        "tar czf user/x.tar.gz -C server .",
        "tar xzf user/x.tar.gz -C user",
        "gzip -dc server/x > user/x",
        "curl -o user/x https://broker.example.com/server/x",
        "rm -rf ~/server",
        "echo a # > server/x",
        "apply_patch <<E\n*** Add File: user/x\n+*** Add File: server/x\nE",
        "cd /tmp && rm -rf server",
        "echo 'unfinished",
        "",
    ],
)
def test_what_is_allowed_gets_no_word(line: str) -> None:
    assert bash(line) is None


@pytest.mark.parametrize("line", ["echo " + "x" * 1_000_000, "echo " + "$(" * 99 + ")" * 99])
def test_a_line_that_is_not_read_is_refused_with_what_to_do(line: str) -> None:
    assert "Write what is long in it to a file below user/" in (bash(line) or "")


@pytest.mark.parametrize(
    "line",
    [
        "echo " + "x" * 190_000,
        "if " * 60_000,
        "cd a;" * 39_000,
        "eval " * 39_000,
        'python3 -c "' + "connect('a'" * 17_000 + '"',
        "apply_patch '*** Add File: x" + " " * 190_000 + "y'",
        "echo " + '"' * 190_000,
    ],
)
def test_a_long_line_is_read_well_within_the_time_of_a_hook(line: str) -> None:
    began = time.process_time()
    assert bash(line) is None
    assert time.process_time() - began < 10


@pytest.mark.parametrize("tool", ["Write", "Edit", "MultiEdit"])
@pytest.mark.parametrize(
    ("path", "is_refused"),
    [(f"{ROOT}/server/x", True), (f"{ROOT}/user/../server/x", True), (f"{ROOT}/user/x", False)],
)
def test_tools_that_write_a_file_are_asked_for_its_place(
    tool: str, path: str, is_refused: bool
) -> None:
    reason = refusal(tool, {"file_path": path}, ROOT, ROOT)
    assert (reason is not None) is is_refused
    notebook = refusal("NotebookEdit", {"notebook_path": path}, ROOT, ROOT)
    assert (notebook is not None) is is_refused


@pytest.mark.parametrize(("path", "is_refused"), [("server/x", True), ("user/x", False)])
def test_a_tool_that_patches_is_asked_for_each_place(path: str, is_refused: bool) -> None:
    patch = f"*** Begin Patch\n*** Update File: user/y\n*** Delete File: {path}\n*** End Patch"
    reason = refusal("apply_patch", {"command": patch}, ROOT, ROOT)
    assert (reason is not None) is is_refused


@pytest.mark.parametrize(
    ("tool", "values"),
    [("Bash", {}), ("Bash", {"command": 1}), ("Read", {"file_path": f"{ROOT}/server/x"})],
)
def test_other_calls_are_no_concern_of_it(tool: str, values: dict[str, object]) -> None:
    assert refusal(tool, values, ROOT, ROOT) is None


@pytest.mark.parametrize(
    "line",
    [
        "rm -rf server",
        "cd user; rm -r ../server",
        "> server/x",
        "rm -rf s*/x",
        "cat > server/x <<E\n$HOME\nE",
        "(cd server; echo y > x)",
        "# it's\nrm -rf server",
        "cat <<'A-B' >/dev/null\nit's\nA-B\nrm -rf server",
        "(date)>server/x",
        'echo $((1<<2)) "$(rm -rf "server")"',
        "echo `rm -rf server`",
    ],
)
def test_the_shell_does_what_the_guard_says_that_it_would(line: str, tmp_path: Path) -> None:
    root = tmp_path / "data"
    (root / "server").mkdir(parents=True)
    (root / "user").mkdir()
    (root / "server" / "x").write_text("rows")
    assert refusal("Bash", {"command": line}, root, root)
    subprocess.run([str(shutil.which("sh")), "-c", line], cwd=root, check=True)
    left = root / "server" / "x"
    assert not left.exists() or left.read_text() != "rows"


ON_WINDOWS = PureWindowsPath(r"C:\Users\Ann\my data")


@pytest.mark.parametrize(
    "line",
    [
        r"rm -rf 'C:\Users\Ann\my data\server\parquet'",
        r"rm -rf 'c:\users\ann\MY DATA\SERVER'",
        "rm -rf server/parquet",
        r"rm -rf 'user\..\server'",
        "rm -rf '/c/Users/Ann/my data/server'",
        "cd user && rm -r ../Server",
        "rm -rf 's*/parquet'",
        "rm -rf .",
        "echo x > 'server\\x'",
    ],
)
def test_on_windows_a_folder_has_several_spellings(line: str) -> None:
    found = refusal("Bash", {"command": line}, ON_WINDOWS, ON_WINDOWS)
    assert found is not None
    assert found.startswith(WRITE)


@pytest.mark.parametrize("line", ["rm user/server", "rm -rf 'D:\\my data\\server'", "ls server"])
def test_on_windows_other_folders_are_not_taken_for_it(line: str) -> None:
    assert refusal("Bash", {"command": line}, ON_WINDOWS, ON_WINDOWS) is None
