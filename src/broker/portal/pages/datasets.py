"""Which datasets my laptops get, and which of them go by it."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from werkzeug import Response

from ...errors import BrokerError
from ..acts.host import host_acts
from ..audience_catalog import index_for
from ..datasets import choose_datasets, dataset_states, left_out
from ..identity.current import signed_in
from .acting import account_of, database, go, person, refuse

__all__ = ["datasets"]

datasets = Blueprint("datasets", __name__)


@datasets.get("/datasets")
@signed_in
def listed() -> str:
    """Every dataset, and for each laptop whether the choice has reached it."""
    index, (account, problem) = (
        index_for(person()),
        account_of(person(), fresh="seen" in request.args),
    )
    return render_template(
        "datasets/listed.html",
        states=dataset_states(index, left_out(account)),
        others=sum(one.dataset is None for one in index.tables),
        account=account,
        account_problem=problem,
    )


@datasets.post("/datasets")
@signed_in
def choose() -> Response:
    """Pass the choice on: what is ticked comes, what is not stays away."""
    index, wanted = index_for(person()), set(request.form.getlist("wanted"))
    wish = {one.name: one.name in wanted for one in index.datasets}
    try:
        choose_datasets(database(), host_acts().accounts, person(), index, wish)
    except BrokerError as error:
        refuse(error)
    return go("datasets.listed", seen=1)
