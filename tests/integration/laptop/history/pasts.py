"""A laptop that keeps generations of a real broker, each of a day that a test chooses."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import click
import duckdb

from broker.errors import BrokerError
from broker.laptop.program import laptop
from broker.laptop.showing import show_generation
from broker.laptop.workspace import MANIFEST, Workspace, read_tree
from tests.integration.laptop.scenes import Scene, make_scene

__all__ = ["Past", "make_past"]


@dataclass
class Past:
    """``made`` are the generations that were kept, oldest first."""

    scene: Scene
    made: list[str] = field(default_factory=list)

    @property
    def workspace(self) -> Workspace:
        return Workspace.at(self.scene.laptop)

    def publish(self, when: str, **tables: str) -> str:
        """Publish these CSV files, sync, and give the generation another time of its making."""
        self.scene.publish(**tables)
        ended = self.run("sync")
        assert ended.returncode in (0, 3), ended.stderr
        return self.redate(when)

    def redate(self, when: str) -> str:
        """As if the generation in use had been made then: ``2026-05-01T12:00:00Z``."""
        workspace = self.workspace
        tree = workspace.tree()
        assert tree is not None
        name = f"{when.replace(':', '')}-0000"
        manifest = json.loads((tree / MANIFEST).read_text())
        manifest |= {"generation": name, "created_at": when}
        (tree / MANIFEST).unlink()
        (tree / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        place = tree.rename(tree.with_name(name))
        link = workspace.current
        link.unlink()
        link.symlink_to(f"generations/{name}")
        show_generation(workspace, read_tree(place), place)
        self.made.append(name)
        return name

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A verb of the program, in this process."""
        buffer, errors = BytesIO(), StringIO()
        output = TextIOWrapper(buffer)
        code: Any
        with redirect_stdout(output), redirect_stderr(errors):
            try:
                line = ["--folder", str(self.scene.laptop), *words]
                code = laptop.main(line, standalone_mode=False)
            except BrokerError as error:
                errors.write(f"broker: {error}\n")
                code = error.exit_code
            except click.ClickException as error:
                errors.write(f"{error.format_message()}\n")
                code = error.exit_code
            except SystemExit as ended:
                code = ended.code
        output.flush()
        shown = buffer.getvalue().decode()
        code = code if isinstance(code, int) else 0
        return subprocess.CompletedProcess(words, code, shown, errors.getvalue())

    def json(self, *words: str) -> Any:
        """What a verb says for programs."""
        ended = self.run(*words, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def views(self) -> duckdb.DuckDBPyConnection:
        """The database of views, as a notebook opens it."""
        return duckdb.connect(str(self.workspace.database), read_only=True)

    def supersede(self, name: str, *, seconds_ago: float) -> None:
        """As if this one had not been in use for so long."""
        tree = self.workspace.generations / name
        then = os.stat(tree).st_mtime - seconds_ago  # noqa: PTH116
        os.utime(tree, (then, then))


def make_past(folder: Path, when: str, description: str, **tables: str) -> Past:
    """A broker and a laptop with one generation of these CSV files."""
    past = Past(make_scene(folder, description=description, tables=tables))
    past.redate(when)
    return past
