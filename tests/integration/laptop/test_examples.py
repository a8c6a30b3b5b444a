from __future__ import annotations

import subprocess
import sys

from .homes import SCRIPTS, Laptop


def test_the_examples_run_where_a_sync_puts_them(synced: Laptop) -> None:
    examples = synced.path / "server" / "examples"
    answer = subprocess.run(
        [sys.executable, str(examples / "query.py"), "SELECT max(id) AS highest FROM orders"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "highest" in answer.stdout
    names = synced.query((examples / "tables.sql").read_text())
    assert [row[:2] for row in names] == [
        ("orders", "All the orders"),
        ("stores", "All the stores"),
    ]


def test_every_example_stands_in_its_readme() -> None:
    folder = SCRIPTS.parent / "examples"
    readme = (folder / "README.md").read_text()
    for path in folder.iterdir():
        assert path.name == "README.md" or f"`{path.name}`" in readme
