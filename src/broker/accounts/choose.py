"""Passes on to the laptops of an analyst which datasets they leave out. It gives no right."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from ..audit import Change, recording
from ..errors import AccountsError, BrokerError
from ..foreign.dataset_choice import MOST_LEFT_OUT, DatasetChoice, check_left_out
from ..hostpaths import AUDIT_LOG
from .debian.homes import one_line
from .debian.host import Host
from .debian.observe import observe
from .debian.settings_folder import read_chosen, write_chosen
from .manage import alone, converge
from .planning.goal import present_analyst
from .records.names import check_name

__all__ = ["choose_left_out"]


def choose_left_out(
    name: str,
    host: Host,
    without: Sequence[str],
    *,
    seen: str | None = None,
    uid: int | None = None,
) -> DatasetChoice:
    """Write the choice into the analyst's ``server/settings``; returns it with its id.

    ``seen`` is the id of the choice that the caller changes, empty where there was none. The id
    stays where the choice does. Raises ``AccountsError`` for a name that is not an analyst's, or
    not that of the account with the number ``uid`` (None is any), for an invalid list and where
    another choice was made meanwhile, ``BrokerError`` for what the host refused.
    """
    try:
        names = check_left_out([*without])
    except ValueError as error:
        raise AccountsError(
            "this is not a list of datasets",
            where="without",
            expected=f"at most {MOST_LEFT_OUT} names of datasets",
            found=str(error),
        ) from error
    converge((), host)  # a server/ that was taken away is made anew first
    layout = host.layout
    with alone(layout):
        observed = observe(host, [check_name(name)])
        entry = present_analyst(name, observed, uid)
        before = _standing(host, name)
        found = before.id if before is not None else ""
        if seen is not None and seen != found:
            raise AccountsError(
                "another choice of datasets was made meanwhile",
                where=name,
                remedy="Look at it, and choose again.",
            )
        if before is not None and before.without == names:
            return before
        choice = DatasetChoice(secrets.token_hex(8), datetime.now(UTC), names)
        detail = {"without": [*names], "choice": choice.id}
        with recording([Change("analyst.datasets", name, detail)], layout.at(AUDIT_LOG)):
            try:
                write_chosen(layout.at(layout.homes), name, choice, host.system)
            except OSError as error:
                raise BrokerError(
                    "the choice of datasets cannot be written",
                    where=entry.where,
                    found=one_line(error, error.filename),
                    remedy="Nothing was changed: laptops go by the choice before.",
                ) from error
    return choice


def _standing(host: Host, name: str) -> DatasetChoice | None:
    """The choice that stands; none where the file cannot be read, which the new one replaces."""
    try:
        return read_chosen(host.layout.at(host.layout.homes), name, host.system)
    except (OSError, ValueError):
        return None
