"""A fresh broker's side and a fresh laptop for every test, or one that has synced once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import pytest

from .homes import Home, Laptop, make_home


@dataclass(frozen=True)
class Template:
    """Both sides, at the place where each test finds them; and what stood there, to put back.

    What a sync leaves names places, so it is copied back to where it was.
    """

    home: Home
    laptop: Laptop

    @property
    def folder(self) -> Path:
        return self.laptop.path.parent

    def keep(self, name: str) -> None:
        """Keep what stands there now under this name."""
        _copy(self.folder, self.folder.with_name(name))

    def put_back(self, name: str) -> None:
        """Have there what was kept."""
        shutil.rmtree(self.folder)
        _copy(self.folder.with_name(name), self.folder)


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", source, target], check=True)  # keeps links and times


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("workspace") / "now"
    folder.mkdir()
    (folder / "hasty").mkdir()
    path = f"{folder}/hasty{os.pathsep}{os.environ['PATH']}"
    home = make_home(folder)
    environment = {"PATH": path, "BROKER_PYTHON": sys.executable, "BROKER_PAUSE": "0"}
    laptop = Laptop(folder / "laptop", home, environment)
    laptop.first_contact()
    made = Template(home, laptop)
    made.keep("fresh")
    return made


@pytest.fixture(scope="module")
def synced_once(template: Template) -> None:
    template.put_back("fresh")
    ended = template.laptop.sync(str(template.home.path))
    assert ended.returncode == 0, ended.stderr
    template.keep("synced")


@pytest.fixture
def home(template: Template) -> Home:
    template.put_back("fresh")
    return deepcopy(template.home)


@pytest.fixture
def laptop(template: Template, home: Home) -> Laptop:
    """It waits for no broken connection to mend."""
    return Laptop(template.laptop.path, home, dict(template.laptop.environment))


@pytest.fixture
def synced(synced_once: None, template: Template, laptop: Laptop) -> Laptop:  # noqa: ARG001
    """The same after its first sync."""
    template.put_back("synced")
    return laptop
