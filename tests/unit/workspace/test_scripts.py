"""The scripts of a laptop give way to a whole set alone, whatever is offered."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.workspace.files.scripts.laptop import scripts
from broker.workspace.files.scripts.laptop.scripts import NOT_WHOLE, NotWholeError, main, take_over

from . import listing

Damage = Callable[[Path], object]


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    for part in ("scripts", "examples"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(listing.FILES / part, tmp_path / "offered" / part, ignore=ignored)
    (tmp_path / "offered/scripts/allowed_signers").write_text("data-broker ssh-ed25519 AAAA\n")
    return tmp_path / "offered"


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """What is in use: an older set, with a file that the new one does not have."""
    folder = tmp_path / "server"
    for name, text in {
        "scripts/sync_data.sh": "old\n",
        "scripts/laptop/views.py": "old = 1\n",
        "scripts/laptop/gone.py": "old = 2\n",
        "examples/query.py": "old = 3\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_list_is_that_of_the_files() -> None:
    """Written by ``python -m tests.unit.workspace.listing``."""
    assert (listing.FILES / listing.LIST).read_text() == listing.render()


def test_a_whole_set_is_taken_over_and_what_it_lacks_goes(offered: Path, server: Path) -> None:
    assert main(str(offered), str(server)) == 0
    assert tree(server) == tree(offered)
    before = {path: path.stat().st_ino for path in server.rglob("*")}
    assert main(str(offered), str(server)) == 0
    assert {path: path.stat().st_ino for path in server.rglob("*")} == before


def empty(folder: Path) -> None:
    for part in ("scripts", "examples"):
        shutil.rmtree(folder / part)
        (folder / part).mkdir()


def link(folder: Path) -> None:
    """A link would be skipped where the set is taken over."""
    path = folder / "scripts/laptop/foreign/text.py"
    path.rename(folder / "text.py")
    path.symlink_to(folder / "text.py")


DAMAGES: dict[str, tuple[Damage, str]] = {
    "all of it is empty": (empty, "scripts/SHA256SUMS is missing"),
    "nothing is there": (shutil.rmtree, "scripts/SHA256SUMS is missing"),
    "no examples": (lambda at: shutil.rmtree(at / "examples"), "examples/README.md is missing"),
    "one is missing": (lambda at: (at / "scripts/laptop/duck.py").unlink(), "duck.py is missing"),
    "one is cut off": (
        lambda at: (at / "scripts/sync_data.sh").write_text("set -eu\n"),
        "scripts/sync_data.sh is not as",
    ),
    "one is a folder": (
        lambda at: [(at / "examples/query.py").unlink(), (at / "examples/query.py").mkdir()],
        "examples/query.py is missing",
    ),
    "one is a link": (link, "scripts/laptop/foreign/text.py is missing"),
    "the list is empty": (lambda at: (at / listing.LIST).write_text(""), "does not list"),
    "the list is cut off": (
        lambda at: (at / listing.LIST).write_text((at / listing.LIST).read_text()[:-20]),
        "cannot be read",
    ),
    "the list leads outside": (
        lambda at: (at / listing.LIST).write_text(f"{'0' * 64}  scripts/../../x\n"),
        "line 1 of scripts/SHA256SUMS cannot be read",
    ),
    "the list acts on a terminal": (
        lambda at: (at / listing.LIST).write_text(f"{'0' * 64}  scripts/\x1b[2J\n"),
        "line 1 of scripts/SHA256SUMS cannot be read",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_set_that_is_not_whole_changes_nothing_and_is_told(
    damage: str, offered: Path, server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    do, reason = DAMAGES[damage]
    do(offered)
    before = tree(server)
    assert main(str(offered), str(server)) == NOT_WHOLE
    assert tree(server) == before
    (line,) = capsys.readouterr().out.splitlines()
    assert reason in line
    assert line.isprintable()


def test_cut_off_after_any_file_it_leaves_scripts_that_fetch_the_rest(
    offered: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, original = (offered / "scripts/sync_data.sh").read_bytes(), scripts.replace
    number = len(tree(offered))
    for stop in range(number):
        done = 0

        def cut(source: Path, target: Path, stop: int = stop) -> None:
            nonlocal done
            if done == stop:
                raise KeyboardInterrupt
            done += 1
            original(source, target)

        monkeypatch.setattr(scripts, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            take_over(offered, server)
        assert (server / "scripts/sync_data.sh").read_bytes() == b"old\n" != new
        assert (server / "scripts/laptop/gone.py").exists()
    monkeypatch.setattr(scripts, "replace", original)
    (server / "scripts/.sync_data.sh.new").write_text("left by one that was killed")
    take_over(offered, server)
    assert tree(server) == tree(offered)


def test_a_link_in_the_way_is_replaced_and_never_followed(
    offered: Path, server: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("mine\n")
    (server / "scripts/laptop/views.py").unlink()
    (server / "scripts/laptop/views.py").symlink_to(other)
    (offered / "scripts/link").symlink_to(other)
    take_over(offered, server)
    assert other.read_text() == "mine\n"
    assert not (server / "scripts/laptop/views.py").is_symlink()
    assert not (server / "scripts/link").exists()


def test_what_the_list_does_not_name_is_not_taken_over(offered: Path, server: Path) -> None:
    expected = tree(offered)
    (offered / "scripts/hashlib.py").write_text("raise SystemExit\n")
    (offered / "examples/more.py").write_text("raise SystemExit\n")
    (server / "scripts/hashlib.py").write_text("raise SystemExit\n")
    assert main(str(offered), str(server)) == 0
    assert tree(server) == expected


def test_a_list_is_read_no_further_than_a_list_can_be_long(offered: Path) -> None:
    (offered / listing.LIST).write_bytes(b"x" * (2 << 20))
    with pytest.raises(NotWholeError, match="line 1"):
        scripts.check(offered)
