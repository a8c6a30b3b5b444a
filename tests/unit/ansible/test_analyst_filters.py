"""What playbooks tell an operator of analysts."""

from __future__ import annotations

from .bundle import plugin

declared_names = plugin("filter/analysts.py").declared_names
operator_lines = plugin("filter/analysts.py").operator_lines
probe_lines = plugin("filter/analysts.py").probe_lines


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


def test_an_analyst_is_declared_unless_declared_absent() -> None:
    states = [{}, {"state": "present"}, {"state": "absent"}]
    people = [{"name": f"anna{at}", **state} for at, state in enumerate(states)]
    assert declared_names(people) == ["anna0", "anna1"]
