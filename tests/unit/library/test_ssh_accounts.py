"""The module that asks who could not log in any more; what it asks stands in ``broker.logins``."""

from __future__ import annotations

from .conftest import load
from .documentation import documented_options, plain, spec_of

module = load("ssh_accounts")


def test_the_documentation_is_the_argument_spec() -> None:
    assert spec_of(documented_options(module)["doc"]["options"]) == plain(module.ARGUMENT_SPEC)
