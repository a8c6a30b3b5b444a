"""What analysts hold, for those who may look."""

from __future__ import annotations

from broker.accounts.debian.usage import spaces
from broker.accounts.records.paths import HostPaths
from broker.cli.status import _space_line

from ..conftest import Ask
from ..scratch import public_key


def test_the_space_of_each_analyst_and_the_line_of_status(layout: HostPaths, ask: Ask) -> None:
    assert spaces(layout) is None
    for name in ("anna", "bob"):
        ask(name, public_key(name))
    (layout.at(layout.home("anna")) / "user/big").write_bytes(bytes(3_000_000))
    (layout.at(layout.home("bob")) / "user").rename(layout.at(layout.home("bob")) / "away")
    found = spaces(layout)
    assert found is not None
    assert found["bob"] is None
    assert found["anna"] is not None
    assert found["anna"]["bytes"] >= 3_000_000
    assert found["anna"]["files"] == 7
    assert _space_line(found).startswith("Space of 1 analysts: 3.")
    assert _space_line(None) == ""
