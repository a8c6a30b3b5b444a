from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from demo import recipe


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small one: a file in each folder that a deploy reads, and those beside them."""
    for name in (*(f"{folder}/a/b.txt" for folder in recipe.FOLDERS), *recipe.FILES):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("text")
    monkeypatch.setattr(recipe, "ROOT", tmp_path)
    return tmp_path


def test_whatever_a_deploy_reads_makes_another_image(checkout: Path) -> None:
    seen = {recipe.fingerprint()}
    files = [path for path in sorted(checkout.rglob("*")) if path.is_file()]
    assert checkout / "LICENSE" in files, "it is in the wheel"
    for path in files:
        path.write_text("other")
        seen.add(recipe.fingerprint())
        path.chmod(0o755)
        seen.add(recipe.fingerprint())
        path.unlink()
        path.write_text("text")
    assert len(seen) == 1 + 2 * len(files)
    (checkout / "roles/a/b.txt").rename(checkout / "roles/a/c.txt")
    assert recipe.fingerprint() not in seen


def test_what_it_does_not_read_makes_none(checkout: Path) -> None:
    before = recipe.fingerprint()
    (checkout / "roles/__pycache__").mkdir()
    (checkout / "roles/__pycache__/b.pyc").write_text("compiled")
    (checkout / "docs").mkdir()
    shutil.copy(checkout / "LICENSE", checkout / "docs/text.md")
    assert recipe.fingerprint() == before
