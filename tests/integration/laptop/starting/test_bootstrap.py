"""What starts the program: a Python that has what it needs, or one sentence."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..homes import ROOT


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """The scripts as they stand on a laptop, with requirements that are quick to install."""
    gathered = tmp_path / "set"
    subprocess.run([sys.executable, ROOT / "bin/laptop_set.py", gathered], check=True)
    place = tmp_path / "a laptop's folder/server/scripts"
    shutil.copytree(gathered / "scripts", place)
    return place


def start(scripts: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", scripts / "broker.sh", *words],
        env={"PATH": os.environ["PATH"], "HOME": str(scripts.parents[1]), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def installer(scripts: Path, code: str) -> None:
    """One that does this instead of installing."""
    (scripts / "install_locked.py").write_text(f"import sys, pathlib\n{code}\n")


PRETEND = """
place = pathlib.Path(sys.argv[1])
(place / "bin").mkdir(parents=True)
(place / "bin/python").write_text('#!/bin/sh\\necho started "$@"\\n')
(place / "bin/python").chmod(0o755)
(place / ".locked").write_text("")
print("made", file=sys.stderr)
"""


def test_the_environment_is_made_once_and_again_when_its_locks_change(scripts: Path) -> None:
    installer(scripts, PRETEND)
    first = start(scripts, "sync", "--quiet")
    assert "made" in first.stderr
    assert re.search(r"^broker: the program is ready: environment \d+\.\d s$", first.stderr, re.M)
    root = scripts.parents[1]
    assert first.stdout == f"started -I -m broker.laptop --folder {root} sync --quiet\n"
    assert start(scripts).stderr == ""
    place = (root / ".broker/venv").resolve()
    with (scripts / "requirements.txt").open("a") as stream:
        stream.write("# newer\n")
    assert "made" in start(scripts).stderr
    assert (root / ".broker/venv").resolve() != place
    assert place.exists(), "a long query may still use it"


def test_an_environment_whose_python_is_gone_is_made_anew(scripts: Path) -> None:
    installer(scripts, PRETEND)
    start(scripts)
    place = (scripts.parents[1] / ".broker/venv").resolve()
    shutil.rmtree(place)
    assert "made" in start(scripts).stderr


def test_what_cannot_be_installed_is_named_with_what_works_without(scripts: Path) -> None:
    installer(scripts, "sys.exit('the package index cannot be reached.')")
    ended = start(scripts, "sync", "--limit", "5GB", "anna@broker.example.com")
    assert ended.returncode == 1
    reason, missing, *commands, remark = ended.stderr.splitlines()
    assert reason == "the package index cannot be reached."
    assert "has not got the packages of server/scripts/requirements.txt" in missing
    assert missing.endswith(f"Until then, in {scripts.parents[1]}:")
    assert commands == [
        "  rsync -a anna@broker.example.com:server/generation/ server/",
        "  bash server/scripts/check_files.sh",
        "  duckdb -init server/docs/views.sql",
    ]
    assert "only the second checks their signature" in remark
    assert not (scripts.parents[1] / ".broker/venv").exists()


@pytest.mark.parametrize(
    ("name", "command"),
    [
        (
            "bob@other\x1b[2J",
            "rsync -a -e 'ssh -F .broker/ssh_config' 'bob@other[2J:server/generation/' server/",
        ),
        ("/srv/a broker", "rsync -a '/srv/a broker/server/generation/' server/"),
    ],
)
def test_the_commands_name_the_broker_that_the_folder_remembers(
    scripts: Path, name: str, command: str
) -> None:
    installer(scripts, "sys.exit(1)")
    state = scripts.parents[1] / ".broker"
    state.mkdir()
    (state / "host").write_text(f"{name}\n")
    (state / "ssh_config").touch()
    assert f"\n  {command}\n" in start(scripts, "sync").stderr


def test_without_a_python_that_is_new_enough_it_says_which_it_wants(
    scripts: Path, tmp_path: Path
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "cat"):
        (tools / name).symlink_to(str(shutil.which(name)))
    ended = start(scripts, PATH=str(tools))
    assert ended.returncode == 1
    first, place, *commands, _ = ended.stderr.splitlines()
    assert "python3 is missing" in first
    assert place == f"Until then, in {scripts.parents[1]}:"
    assert [line.split()[0] for line in commands] == ["rsync", "bash", "duckdb"]
    old = tools / "python3"
    code = (
        "import sys, runpy; sys.argv = sys.argv[3:]; sys.executable = None; "
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    line = f'exec {sys.executable} -c "{code}" "$@"'
    old.write_text(f'#!/bin/sh\n[ "$1" != -c ] || exit 1\n{line}\n')
    old.chmod(0o755)
    ended = start(scripts, PATH=str(tools), PIP_INDEX_URL="http://127.0.0.1:1/simple")
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 6), ended.stderr
    assert "no Python could be brought: uv cannot be fetched" in ended.stderr
    assert "has not got Python 3.11 or later, with its module venv" in ended.stderr


def test_a_module_beside_the_scripts_is_not_imported(scripts: Path) -> None:
    installer(scripts, PRETEND)
    for name in ("hashlib.py", "fcntl.py", "broker.py"):
        (scripts / name).write_text("raise SystemExit('taken')\n")
    assert "taken" not in start(scripts).stderr


@pytest.fixture
def wheels(scripts: Path, tmp_path: Path) -> str:
    """A broker, by its name, that offers one wheel which the locks name."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    machine = f"{platform.system()}-{platform.machine()}".lower()
    offered = tmp_path / "broker/server/wheels" / f"{version}-{machine}"
    offered.mkdir(parents=True)
    (offered / "x-1-py3-none-any.whl").write_bytes(b"x")
    digest = hashlib.sha256(b"x").hexdigest()
    (offered / "SHA256SUMS").write_text(f"{digest}  x-1-py3-none-any.whl\n")
    (scripts / "requirements.txt").write_text(f"x==1 --hash=sha256:{digest}\n")
    return str(tmp_path / "broker")


SHOWN = """import os
names = ("PIP_NO_INDEX", "PIP_FIND_LINKS")
print(*map(os.environ.get, names), file=sys.stderr)"""


def test_the_wheels_of_the_broker_are_installed_without_any_index(
    scripts: Path, wheels: str
) -> None:
    installer(scripts, f"{SHOWN}\n{PRETEND}")
    ended = start(scripts, "sync", wheels, PATH=python_first())
    assert ended.returncode == 0, ended.stderr
    fetching, shown, made, ready = ended.stderr.splitlines()
    assert "fetching 1 wheels" in fetching
    place = next((scripts.parents[1] / "server/wheels").iterdir())
    assert shown == f"1 {place.as_uri()}"
    assert " " not in place.as_uri(), "pip splits the variable at blanks"
    assert made == "made"
    phases = r"broker: the program is ready: wheels of the broker \d+\.\d s, environment \d+\.\d s"
    assert re.fullmatch(phases, ready)


def test_where_these_do_not_suffice_the_index_is_asked_too(scripts: Path, wheels: str) -> None:
    refuse = 'if os.environ.get("PIP_NO_INDEX"): sys.exit("not whole")'
    installer(scripts, f"{SHOWN}\n{refuse}\n{PRETEND}")
    ended = start(scripts, "sync", wheels, PATH=python_first())
    assert ended.returncode == 0, ended.stderr
    _, first, why, remark, second, _, _ = ended.stderr.splitlines()
    assert (first[:2], why, second[:5]) == ("1 ", "not whole", "None ")
    assert remark == "broker: the wheels of the broker do not suffice; asking the index"


def python_first() -> str:
    """So that the Python of this test is the one that is found."""
    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
