"""``undo``: back to the generation before."""

from __future__ import annotations

import click

from ..screen import say, say_json
from ..turn import my_turn
from ..workspace import Workspace
from .going_back import go_to, sentence
from .moments import PREVIOUS

__all__ = ["undo"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Say it for a program, on one line.")
@click.pass_obj
def undo(workspace: Workspace, *, as_json: bool) -> None:
    """Point back to the generation before the one in use, as sync --generation previous does.

    Nothing is fetched. The next sync brings the newest generation again.
    """
    with my_turn(workspace):
        workspace.in_use()  # before the first sync there is nothing to undo
        manifest = go_to(workspace, PREVIOUS)
    if as_json:
        say_json({"generation": manifest.generation, "created_at": manifest.created_at.isoformat()})
    else:
        say(sentence(manifest))
