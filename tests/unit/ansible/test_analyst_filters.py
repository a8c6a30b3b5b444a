"""What playbooks tell an operator of analysts."""

from __future__ import annotations

import pytest

from .bundle import plugin

operator_lines = plugin("filter/analysts.py").operator_lines
probe_lines = plugin("filter/analysts.py").probe_lines
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


def test_an_operator_is_a_line() -> None:
    key = {"fingerprint": "SHA256:x", "name": "", "comment": "olga@desk", "origin": "declared"}
    olga = {"name": "olga", "uid": 1501, "origin": "declared", "host": "ok", "problem": None}
    otto = {**olga, "name": "otto", "host": "drift", "problem": "broken"}
    key |= {"revoked": False, "until": None}
    people = [{**olga, "sudo": True, "keys": [key]}, {**otto, "sudo": False, "keys": []}]
    lines = operator_lines(people)
    assert lines == [
        "olga (uid 1501, declared, ok): operator with sudo, SHA256:x (olga@desk, declared)",
        "otto (uid 1501, declared, drift: broken): operator, no key",
    ]
    assert operator_lines([]) == ["no operators yet"]


def test_what_sshd_answered_to_a_key_is_a_line() -> None:
    probe = {"name": "anna", "fingerprint": "SHA256:x", "answer": "Permission denied (publickey)."}
    assert probe_lines([{**probe, "taken": False}]) == [
        "anna with SHA256:x: Permission denied (publickey)."
    ]
