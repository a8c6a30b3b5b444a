"""What is made from the data of a generation: views, files for agents, room for the next one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from ..errors import LaptopError
from ..manifest import Manifest
from .agents.write import write_agent_files
from .generations import lasting, prune
from .history.kept_generations import read_history
from .left_out import remove_left_out
from .passed_choice import choice_in_use
from .screen import warn
from .views import rebuild
from .workspace import Workspace

__all__ = ["show_generation"]


def show_generation(workspace: Workspace, manifest: Manifest, tree: Path) -> None:
    """Make all of it anew for the generation in use, and warn of what was left as it was."""
    choice = choice_in_use(workspace)
    problems = remove_left_out(workspace, choice.left_out)
    days = choice.history_days
    memory = workspace.state / "views"
    trees = [tree.name, *sorted(place.name for place in lasting(workspace, tree, days))]
    # Views name files by their places: in a folder that was moved or copied they are not these.
    shown = json.dumps([str(tree.resolve()), *trees]) + "\n"
    if _text_of(memory) != shown or not workspace.database.exists():
        memory_of_views = workspace.state / "views.json"
        macros = _macros(workspace, [workspace.generations / name for name in trees])
        aside = rebuild(manifest, tree, workspace.database, memory_of_views, macros)
        memory.write_text(shown)
        if aside is not None:
            warn(
                f"broker: {workspace.database.name} had something of yours in it, "
                f"which is now {aside.relative_to(workspace.root)}"
            )
    prune(workspace, workspace.generations / tree.name, days)
    # What a release before this one wrote there; the root's files took its place.
    (workspace.server / "CLAUDE.md").unlink(missing_ok=True)
    for problem in (*problems, *write_agent_files(workspace)):
        warn(f"broker: {problem}")


def _macros(workspace: Workspace, trees: Sequence[Path]) -> list[str]:
    """The SQL of the macros over the generations that stay."""
    # A sync without news makes none, and does not wait for Arrow.
    from .history.macro_sql import macros_of_all  # noqa: PLC0415  see above
    from .history.table_pasts import pasts_of  # noqa: PLC0415  see above

    try:
        history = read_history(workspace, trees)
    except LaptopError as error:
        warn(f"broker: there are no macros for earlier generations: {error}")
        return []
    return macros_of_all(pasts_of(history), [*history.in_use.manifest.view_names.values()])


def _text_of(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        return ""
