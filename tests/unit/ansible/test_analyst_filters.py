"""What playbooks tell an operator of analysts."""

from __future__ import annotations

import pytest

from .bundle import plugin

welcome_lines = plugin("filter/analysts.py").welcome_lines
KEYS = "256 SHA256:host root@broker (ED25519)\n256 SHA256:signs data-broker (ED25519)\n"


@pytest.mark.parametrize(("port", "more"), [("22", 0), ("2222", 1)])
def test_a_new_analyst_is_told_where_whom_to_trust_and_what_to_type(port: str, more: int) -> None:
    lines = welcome_lines(f"{port}\n{KEYS}", "anna", "data.example.com")
    text = "\n".join(lines)
    assert lines[0] == "Send this to anna:"
    assert "The host's key:   SHA256:host (ED25519)" in lines
    assert "Data are signed:  SHA256:signs (ED25519)" in lines
    assert "  rsync -rt anna@data.example.com:server/scripts/ server/scripts/" in lines
    assert text.count("Host data.example.com\n  Port 2222") == more
