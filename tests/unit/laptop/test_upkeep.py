"""The scripts of a laptop give way to a whole set alone, whatever is offered."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import pytest

from broker.errors import LaptopError
from broker.laptop import upkeep
from broker.laptop.announcement import LIST
from broker.laptop.transfer import Wanted
from broker.laptop.upkeep import take_over
from broker.laptop.workspace import Workspace

Damage = Callable[[Path], object]
NEW = {
    "scripts/sync_data.sh": b"new\n",
    "scripts/bootstrap.py": b"new = 1\n",
    "scripts/more/deep.py": b"new = 2\n",
    "examples/query.py": b"new = 3\n",
}
OLD = {
    "scripts/sync_data.sh": b"old\n",
    "scripts/bootstrap.py": b"old = 1\n",
    "scripts/gone.py": b"old = 2\n",
    "examples/query.py": b"old = 3\n",
}


class Broker:
    """Shows what stands in a folder, as rsync would: what is asked for and is there."""

    name = "broker"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fetch(self, wanted: Sequence[Wanted], into: Path, *, basis: Path | None = None) -> int:
        assert basis is None
        for item in wanted:
            for path in item.paths:
                source = self.folder / item.folder / path
                assert item.most_bytes is not None
                if source.is_file() and not source.is_symlink():
                    (into / path).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, into / path)
        return 0

    def push(self, folder: Path, excluded: Collection[str]) -> None:
        raise NotImplementedError


def fill(folder: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def listed(files: dict[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(c).hexdigest()}  {path}\n" for path, c in sorted(files.items()))
    return "".join(lines).encode()


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    folder = tmp_path / "offered"
    fill(folder, {**NEW, f"scripts/{LIST}": listed(NEW), f"scripts/{LIST}.sig": b"signed"})
    return folder


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Its set is older, with a file that the new one does not have. Any signature holds."""
    monkeypatch.setattr(upkeep, "check_signature", lambda *_, **__: None)
    fill(tmp_path / "laptop/server", OLD)
    (tmp_path / "laptop/.broker").mkdir()
    return Workspace.at(tmp_path / "laptop")


def take(workspace: Workspace, offered: Path) -> bool:
    offered_now = workspace.state / "offered"
    shutil.rmtree(offered_now, ignore_errors=True)
    offered_now.mkdir()
    for name in (LIST, f"{LIST}.sig"):
        if (offered / "scripts" / name).exists():
            shutil.copy(offered / "scripts" / name, offered_now)
    return take_over(workspace, Broker(offered))


def test_a_whole_set_is_taken_over_and_what_it_lacks_goes(
    offered: Path, workspace: Workspace
) -> None:
    assert take(workspace, offered)
    assert tree(workspace.server) == tree(offered)
    before = {path: path.stat().st_ino for path in workspace.server.rglob("*")}
    assert not take(workspace, offered)
    assert {path: path.stat().st_ino for path in workspace.server.rglob("*")} == before


def test_what_was_lost_or_changed_here_comes_again(offered: Path, workspace: Workspace) -> None:
    take(workspace, offered)
    (workspace.scripts / "bootstrap.py").write_text("mine\n")
    (workspace.server / "examples/query.py").unlink()
    assert take(workspace, offered)
    assert tree(workspace.server) == tree(offered)


def link(folder: Path) -> None:
    """A link would be skipped where the set is taken over."""
    path = folder / "scripts/more/deep.py"
    path.rename(folder / "deep.py")
    path.symlink_to(folder / "deep.py")


def write_list(content: bytes) -> Damage:
    return lambda at: (at / "scripts" / LIST).write_bytes(content)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "nothing is there": (shutil.rmtree, "SHA256SUMS is missing"),
    "no examples": (lambda at: shutil.rmtree(at / "examples"), "examples/query.py is missing"),
    "one is missing": (lambda at: (at / "scripts/more/deep.py").unlink(), "deep.py is missing"),
    "one is cut off": (
        lambda at: (at / "scripts/sync_data.sh").write_text("n"),
        "scripts/sync_data.sh is not as",
    ),
    "one is a folder": (
        lambda at: [(at / "examples/query.py").unlink(), (at / "examples/query.py").mkdir()],
        "examples/query.py is missing",
    ),
    "one is a link": (link, "scripts/more/deep.py is missing"),
    "the list is empty": (write_list(b""), "does not list"),
    "the list is cut off": (write_list(listed(NEW)[:-20]), "line 4 of SHA256SUMS cannot be read"),
    "a line is cut off": (write_list(listed(NEW)[5:]), "line 1 of SHA256SUMS cannot be read"),
    "the list leads outside": (
        write_list(b"0" * 64 + b"  scripts/../../x\n"),
        "line 1 of SHA256SUMS cannot be read",
    ),
    "the list acts on a terminal": (
        write_list(b"0" * 64 + b"  scripts/\x1b[2J\n"),
        "line 1 of SHA256SUMS cannot be read",
    ),
    "the list has no end": (write_list(b"x" * (2 << 20)), "SHA256SUMS has more than 1048576 bytes"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_set_that_is_not_whole_changes_nothing_and_is_shown_at(
    damage: str, offered: Path, workspace: Workspace
) -> None:
    do, reason = DAMAGES[damage]
    do(offered)
    with pytest.raises(LaptopError, match="does not offer a whole set of scripts") as caught:
        take(workspace, offered)
    assert tree(workspace.server) == OLD
    assert reason in str(caught.value)
    assert str(caught.value).isprintable()


def test_cut_off_after_any_file_it_leaves_scripts_that_fetch_the_rest(
    offered: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace
    for stop in range(len(NEW) + 2):
        done = 0
        shutil.rmtree(workspace.server)
        fill(workspace.server, OLD)

        def cut(source: Path, target: Path, stop: int = stop) -> Path:
            nonlocal done
            if done == stop:
                raise KeyboardInterrupt
            done += 1
            return replace(source, target)

        monkeypatch.setattr(Path, "replace", cut)
        with pytest.raises(KeyboardInterrupt):
            take(workspace, offered)
        assert (workspace.scripts / "sync_data.sh").read_bytes() == b"old\n"
        assert (workspace.scripts / "gone.py").exists()
        monkeypatch.setattr(Path, "replace", replace)
    assert take(workspace, offered)
    assert tree(workspace.server) == tree(offered)


def test_a_link_in_the_way_is_replaced_and_never_followed(
    offered: Path, workspace: Workspace, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_text("mine\n")
    (workspace.scripts / "bootstrap.py").unlink()
    (workspace.scripts / "bootstrap.py").symlink_to(other)
    take(workspace, offered)
    assert other.read_text() == "mine\n"
    assert not (workspace.scripts / "bootstrap.py").is_symlink()


def test_what_the_list_does_not_name_is_not_taken_over(offered: Path, workspace: Workspace) -> None:
    expected = tree(offered)
    (offered / "scripts/hashlib.py").write_text("raise SystemExit\n")
    (offered / "examples/more.py").write_text("raise SystemExit\n")
    (workspace.scripts / "hashlib.py").write_text("raise SystemExit\n")
    assert take(workspace, offered)
    assert tree(workspace.server) == expected


MAY, JUNE = "2026-05-01T08:00:00Z\n", "2026-06-01T08:00:00Z\n"


def offer(folder: Path, made: str | None) -> None:
    files = NEW if made is None else {**NEW, "scripts/made": made.encode()}
    shutil.rmtree(folder)
    fill(folder, {**files, f"scripts/{LIST}": listed(files), f"scripts/{LIST}.sig": b"signed"})


@pytest.mark.parametrize(
    ("here", "made", "words"),
    [
        (JUNE, MAY, "offers scripts of 2026-05-01T08:00:00Z, and yours are of 2026-06-01"),
        (JUNE, None, "offers scripts of an older release"),
        (MAY, "\x1b[2J9999", "offers scripts of an older release"),
        (MAY, "", "offers scripts of an older release"),
    ],
)
def test_an_older_set_is_refused_although_it_is_signed(
    here: str, made: str | None, words: str, offered: Path, workspace: Workspace
) -> None:
    fill(workspace.server, {"scripts/made": here.encode()})
    before = tree(workspace.server / "scripts")
    offer(offered, made)
    with pytest.raises(LaptopError, match=words) as caught:
        take(workspace, offered)
    assert str(caught.value).isprintable()
    assert tree(workspace.server / "scripts") == before
    (workspace.server / "scripts/made").unlink()  # as the sentence proposes
    assert take(workspace, offered)


@pytest.mark.parametrize(("here", "made"), [(MAY, JUNE), (MAY, MAY), (None, MAY), (None, None)])
def test_a_set_that_is_not_older_is_taken_over(
    here: str | None, made: str | None, offered: Path, workspace: Workspace
) -> None:
    if here is not None:
        fill(workspace.server, {"scripts/made": here.encode()})
    offer(offered, made)
    assert take(workspace, offered)
    assert tree(workspace.server) == tree(offered)
