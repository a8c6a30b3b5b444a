"""What sudo grants to people, compared with what the registry says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from broker.access import Reader
from broker.access.sudo import sudo_violations

MAY = "User {} may run the following commands on broker:\n    {}\n"
NOT = "User {} is not allowed to run sudo on broker.\n"
OURS = "(ALL : ALL) NOPASSWD: ALL"
LOGIN = {"shell": True}
OTTO = Reader("otto", 1002, 1002, (900, 901, 1002), None, kind="operator", **LOGIN)
OLGA = replace(OTTO, name="olga", sudo=True)
ANNA = Reader("anna", 1003, 1003, (900, 1003), frozenset(), **LOGIN)


@pytest.mark.parametrize(
    ("one", "output", "problem"),
    [
        (OTTO, NOT, None),
        (ANNA, NOT, None),
        (OLGA, MAY, None),
        (OTTO, MAY, "gives sudo, and the registry does not"),
        (ANNA, MAY, "gives sudo, and the registry does not"),
        (OLGA, NOT, "gives no sudo, and the registry does"),
        (
            OLGA,
            MAY.replace("{}\n", "(ALL) ALL\n"),
            "gives no sudo without a password, and the registry does",
        ),
        (OLGA, "", "cannot be checked: sudo does not report what this account may do"),
    ],
)
def test_the_rights_by_sudo_are_those_of_the_registry(
    one: Reader, output: str, problem: str | None
) -> None:
    checks, found = sudo_violations([one], lambda name: output.format(name, OURS))
    assert checks == 1
    assert [(each.who, each.problem) for each in found] == (
        [(one.name, problem)] if problem else []
    )


def test_who_has_no_shell_or_is_nobody_of_ours_is_not_asked_for() -> None:
    others = [
        replace(ANNA, **dict.fromkeys(LOGIN, False)),
        Reader("nobody", 65534, 65534, (), None),
    ]
    assert sudo_violations(others, lambda _: "") == (0, [])
