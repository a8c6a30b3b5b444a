"""Which datasets my laptops get."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug import Response

from ...errors import AccountsError
from ..audience_catalog import index_for
from ..datasets import (
    changed_at,
    choose_datasets,
    dataset_states,
    laptop_command,
    left_out,
)
from ..identity.current import signed_in
from .acting import database, go, person, refuse

__all__ = ["datasets"]

datasets = Blueprint("datasets", __name__)


@datasets.get("/datasets")
@signed_in
def listed() -> str:
    """Every dataset, and the line with which a laptop follows the choice."""
    viewer, index = person(), index_for(person())
    with database().read() as session:
        out = left_out(session, viewer.person_id)
        changed = changed_at(session, viewer.person_id)
    states = dataset_states(index, out)
    return render_template(
        "datasets/listed.html",
        states=states,
        others=sum(one.dataset is None for one in index.tables),
        changed=changed,
        command=laptop_command(states) if changed is not None else "",
    )


@datasets.post("/datasets")
@signed_in
def choose() -> Response:
    """Keep the choice: what is ticked comes, what is not stays away."""
    index, wanted = index_for(person()), set(request.form.getlist("wanted"))
    try:
        with database().begin() as session:
            wish = {one.name: one.name in wanted for one in index.datasets}
            choose_datasets(session, person(), index, wish)
    except AccountsError as error:
        refuse(error)
    return go("datasets.listed")
