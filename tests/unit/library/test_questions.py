"""What a host is asked: which Debian it runs, and several things in one call."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest
from ansible.module_utils.basic import AnsibleModule

from .conftest import Call, load
from .documentation import check_returned, documented_options, plain, spec_of

Calls = Callable[[ModuleType], Call]
ANSWERS = {
    "id": (0, "root\n", ""),
    "false": (1, "", ""),
    "printf": (0, "$HOME\n~\n", ""),
    "grep": (2, "", "lost\n"),
}


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    """What its programs say; words are theirs as they are."""

    def run(_: AnsibleModule, words: list[str], **how: bool) -> tuple[int, str, str]:
        assert how == {"expand_user_and_vars": False}
        return ANSWERS[words[0]]

    monkeypatch.setattr(AnsibleModule, "run_command", run)


@pytest.mark.parametrize("name", ["debian_release", "host_probe"])
def test_the_documentation_is_the_argument_spec_and_the_result(
    name: str, call_module: Calls
) -> None:
    module = load(name)
    entry = documented_options(module)
    assert spec_of(entry["doc"].get("options", {})) == plain(module.ARGUMENT_SPEC)
    given = {"commands": {"groups": ["id"]}} if name == "host_probe" else {}
    result = call_module(module)(check=True, **given)
    assert result["changed"] is False
    check_returned(
        entry["return"],
        {key: result[key] for key in result.keys() - {"changed", "invocation"}},
    )


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ({"NAME": "Debian GNU/Linux", "VERSION_ID": "13"}, ("Debian", "13")),
        ({"NAME": "Ubuntu", "VERSION_ID": "24.04"}, ("Ubuntu", "24")),
        ({"NAME": "Debian GNU/Linux"}, ("Debian", "")),
        ({}, ("an unknown system", "")),
    ],
)
def test_a_system_has_the_name_and_the_number_that_setup_gives_it(
    release: dict[str, str], expected: tuple[str, str]
) -> None:
    found = load("debian_release").facts(release)
    assert (found["distribution"], found["distribution_major_version"]) == expected


def test_each_command_has_its_answer_and_what_fails_is_named(call_module: Calls) -> None:
    ask = call_module(load("host_probe"))
    found = ask(commands={"no": ["false"], "yes": ["printf", "$HOME"]})["answers"]
    assert found["no"] == {"code": 1, "stdout": "", "lines": []}
    assert found["yes"] == {"code": 0, "stdout": "$HOME\n~", "lines": ["$HOME", "~"]}
    failed = ask(commands={"no": ["false"], "wrong": ["grep", "x"]})
    assert (failed["failed"], failed["msg"]) == (True, "grep ended with 2: lost")
