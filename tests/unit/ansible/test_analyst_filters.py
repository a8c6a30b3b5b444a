"""What playbooks tell an operator of analysts."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from .bundle import plugin

declared_names = plugin("filter/analysts.py").declared_names
operator_lines = plugin("filter/analysts.py").operator_lines
probe_lines = plugin("filter/analysts.py").probe_lines
welcome_lines = plugin("filter/analysts.py").welcome_lines
# Two keys, and what `ssh-keygen -l` shows of them.
HOST = (
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDj5AcjnRZPZWOQ8DGG/QuPX5KTboTzZtSnPqzPGufOK root@broker"
)
SIGNERS = (
    'data-broker namespaces="data-broker" ecdsa-sha2-nistp256 '
    "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBClmAYxYZX7nWAkDRe8aBYvTWEW+"
    "4pKofpYJpylpIvGWHfWFvUaKNmDKF/cHjR+F9X1TCXyeqjqmLMNEVjPtO5I="
)


@pytest.mark.parametrize(("port", "more"), [("22", 0), ("2222", 1)])
def test_a_new_analyst_is_told_where_whom_to_trust_and_what_to_type(port: str, more: int) -> None:
    lines = welcome_lines(
        {
            "sshd": {"lines": ["usedns no", f"port {port}", "port 22022"]},
            "host_key": {"stdout": HOST},
            "signers": {"stdout": SIGNERS},
        },
        "anna",
        "data.example.com",
    )
    text = "\n".join(lines)
    assert lines[0] == "Send this to anna:"
    assert "The host's key:   SHA256:9xhxi498ObuN2VDH+7QvpCSNZrasp9sfngSRpUvrQKI (ED25519)" in lines
    assert "Data are signed:  SHA256:DdPtkwbfWPfL8VrfFgrzHTYZDAVzJnI0dQXZfG4eydk (ECDSA)" in lines
    start = lines.index("Paste this into a terminal, all of it (docs/analyst.md says more):") + 1
    line = " ".join(part.removesuffix("\\") for part in lines[start:])
    assert all(part.endswith("\\") for part in lines[start:-1])
    assert all(" " not in part[80:] and part[0] not in "'\"&*[]{}|>%@`" for part in lines[start:])
    assert line.startswith(f"(h={HOST.split()[1]}; s={SIGNERS.split()[3]}; t=$(mktemp -d) && ")
    assert "echo data-broker ssh-ed25519 $h >known_hosts" in line
    assert "echo data-broker ecdsa-sha2-nistp256 $s >allowed_signers" in line
    assert "'anna@data.example.com:server/scripts/start.sh*'" in line
    end = " 2222)" if more else ")"
    assert line.endswith(f"sh start.sh anna@data.example.com ~/data-broker{end}")
    assert text.count("-P 2222") == more


def test_a_file_without_a_key_is_an_error() -> None:
    answers = {"sshd": {"lines": ["port 22"]}, "host_key": {"stdout": HOST}}
    with pytest.raises(AnsibleFilterError, match="expected a public key; found ''"):
        welcome_lines({**answers, "signers": {"stdout": ""}}, "anna", "data.example.com")


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
