"""Points in time as one text form, ``2026-12-31T23:59:59Z``, which sorts as it reads."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from ...errors import AccountsError

__all__ = [
    "compact_time",
    "expiry_option",
    "parse_time",
    "read_expiry",
    "render_time",
    "time_after",
]

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_OPTION = "%Y%m%d%H%M%SZ"  # sshd(8), expiry-time; the Z for UTC is known since OpenSSH 9.1
_LONGEST_DAY = len("2026-12-31")
_SPAN = re.compile(r"([0-9]{1,4})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_time(text: str, *, where: str) -> str:
    """A day (its last second) or a moment in UTC, as ``2026-12-31`` or ``2026-12-31T18:00``."""
    given = text.strip().removesuffix("Z")
    try:
        moment = datetime.fromisoformat(given)
        if len(given) <= _LONGEST_DAY:  # in any form of ISO 8601: 20261231, as YAML has a number
            moment = moment.replace(hour=23, minute=59, second=59)
        if moment.tzinfo is not None or not 2000 <= moment.year <= 9000:
            raise ValueError
    except ValueError:
        raise AccountsError(
            "this is not a time",
            where=where,
            expected="a day such as 2026-12-31, or a moment in UTC such as 2026-12-31T18:00",
            found=repr(text[:40]),
        ) from None
    return moment.strftime(_FORM)


def time_after(span: str, *, where: str, now: datetime | None = None) -> str:
    """The moment that is ``span`` (``30m``, ``12h``, ``7d``, ``2w``) from now."""
    found = _SPAN.fullmatch(span)
    if found is None:
        raise AccountsError(
            "this is not a span of time",
            where=where,
            expected="a number and m, h, d or w, such as 7d",
            found=repr(span[:40]),
        )
    length = timedelta(**{_UNITS[found[2]]: int(found[1])})
    return render_time((now or datetime.now(UTC)) + length)


def render_time(moment: datetime) -> str:
    """A moment as this text, in UTC."""
    return moment.astimezone(UTC).strftime(_FORM)


def compact_time(time: str) -> str:
    """The same moment in the digits that OpenSSH's own tools take."""
    return datetime.strptime(time, _FORM).strftime(_OPTION)


def expiry_option(time: str) -> str:
    """The option of an authorized_keys line with which sshd refuses the key from then on."""
    return f'expiry-time="{compact_time(time)}"'


def read_expiry(digits: str) -> str:
    """The time that such an option says. Raises ``ValueError``."""
    return datetime.strptime(digits, _OPTION).strftime(_FORM)
