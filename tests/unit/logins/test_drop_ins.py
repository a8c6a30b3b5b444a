"""Whether sshd would do what the drop-ins say, beside all else that it reads."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from broker.logins import drop_ins

from .people import account

DROP_INS = {
    "40-data-broker-hardening.conf": "# ours\nPasswordAuthentication no\nPermitRootLogin "
    "prohibit-password\nAllowGroups dataread data-ops root\nCiphers a,b\nLoginGraceTime 30\n",
    "50-data-broker.conf": "Match Group data-ops\n  AuthorizedKeysFile /keys/%u\n"
    "Match Group dataread,!data-ops\n  AuthorizedKeysFile /keys/%u\n  ForceCommand transport\n",
    "60-data-broker.conf": "",
}
AS_DECLARED = """
passwordauthentication no
pubkeyauthentication yes
permitrootlogin without-password
allowgroups dataread
allowgroups data-ops
allowgroups root
authorizedkeysfile /keys/%u
forcecommand transport
ciphers a,b
logingracetime 30
"""


def found(tmp_path: Path, output: str, config: str = "", kept: tuple[str, ...] = ()) -> list[str]:
    """Problems where sshd prints ``output`` for all that it reads, ``AS_DECLARED`` for ours."""
    (tmp_path / "sshd_config.d").mkdir(exist_ok=True)
    (tmp_path / "sshd_config").write_text(config or "Include /etc/ssh/sshd_config.d/*.conf\n")
    (tmp_path / "keys").mkdir(exist_ok=True)
    for name in kept:
        (tmp_path / "keys" / name).touch()

    def run(words: list[str]) -> tuple[int, str, str]:
        return (0, AS_DECLARED if words[3].endswith("alone") else output, "")

    text = (tmp_path / "sshd_config").read_text().replace("/etc/ssh", str(tmp_path))
    (tmp_path / "sshd_config").write_text(text)
    groups = ["dataread", "data-ops"]
    return [*drop_ins.problems(run, DROP_INS, groups, folder=tmp_path, keys=tmp_path / "keys")]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("word", "word", []),
        ("without-password", "no", []),
        ("ciphers a,b", "ciphers b", []),
        ("logingracetime 30", "logingracetime 120", []),
        ("allowgroups root", "allowgroups root\nallowgroups staff", []),
        ("passwordauthentication no", "passwordauthentication yes", ["PasswordAuthentication is"]),
        ("without-password", "yes", ["PermitRootLogin is yes for a member of dataread; expected"]),
        ("ciphers a,b", "ciphers a,c", ["Ciphers is a,c"]),
        (
            "/keys/%u",
            ".ssh/keys",
            ["AuthorizedKeysFile is .ssh/keys for a member of dataread; exp"],
        ),
        ("transport", "/bin/false", ["ForceCommand is /bin/false for a member of dataread; expec"]),
        ("pubkeyauthentication yes", "pubkeyauthentication no", ["PubkeyAuthentication is no for"]),
        (
            "port 22",
            "allowusers root\nallowusers deploy\ndenygroups data-ops",
            [
                "AllowUsers root deploy does not let in a member of dataread",
                "AllowUsers root deploy does not let in a member of data-ops",
                "DenyGroups data-ops does not let in a member of data-ops",
            ],
        ),
    ],
)
def test_what_keeps_sshd_from_doing_what_is_declared(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    problems = found(tmp_path, f"{AS_DECLARED}port 22\n".replace(old, new))
    assert [
        clause[: len(start)] for clause, start in zip(problems, expected, strict=True)
    ] == expected


def test_those_whom_the_broker_keeps_are_asked_for_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [account(tmp_path, name) for name in ("anna", "bob", "otto", "drifted")]
    member = {"otto": {"otto", "data-ops"}, "drifted": {"drifted"}}
    monkeypatch.setattr(pwd, "getpwall", lambda: people)
    monkeypatch.setattr(drop_ins, "groups_of", lambda one: member.get(one.pw_name, {"dataread"}))
    kept = ("anna", "bob", "otto", "drifted")
    assert found(tmp_path, AS_DECLARED, kept=kept) == []
    problems = found(tmp_path, f"{AS_DECLARED}allowusers o*\nallowusers bob\n", kept=kept)
    assert problems == ["AllowUsers o* bob does not let in anna"]


@pytest.mark.parametrize(
    ("config", "reads"),
    [
        ("Port 22\ninclude  sshd_config.d/*.conf\n", True),
        ("Match User bob\n  X11Forwarding no\nMatch all\nInclude /etc/ssh/sshd_config.d/*\n", True),
        ("Match User bob\n  X11Forwarding no\nInclude /etc/ssh/sshd_config.d/*.conf\n", False),
        ("#Include /etc/ssh/sshd_config.d/*.conf\n", False),
        ("Include /etc/ssh/sshd_config.d/50-*.conf\n", False),
        ("Port 22\n", False),
    ],
)
def test_drop_ins_that_sshd_does_not_read_are_in_vain(
    tmp_path: Path, config: str, reads: bool
) -> None:
    problems = found(tmp_path, AS_DECLARED, config)
    start = (
        f"{tmp_path}/sshd_config reads no {tmp_path}/sshd_config.d/*.conf before its first Match"
    )
    assert [problem.startswith(start) for problem in problems] == ([] if reads else [True])


def test_who_is_made_up_is_matched_by_name_in_a_copy_of_all(tmp_path: Path) -> None:
    source, place = tmp_path / "ssh", tmp_path / "copy"
    (source / "sshd_config.d").mkdir(parents=True)
    place.mkdir()
    (source / "sshd_config").write_text(
        "Match Group dataread\n  ForceCommand x\nMatch all\nInclude sshd_config.d/*.conf\n"
    )
    (source / "sshd_config.d/01-own.conf").write_text("Port 2222\n")
    (source / "sshd_config.d/50-data-broker.conf").write_text("of yesterday\n")
    login = drop_ins.Login("made-up-member", {"data-ops"}, "a member of data-ops")
    config = drop_ins._copied(source, DROP_INS, login, place)
    assert config.read_text() == (
        "Match User no-such-account\n  ForceCommand x\nMatch all\n"
        f"Include {place}/sshd_config.d/*.conf\n"
    )
    assert (place / "sshd_config.d/01-own.conf").read_text() == "Port 2222\n"
    ours = (place / "sshd_config.d/50-data-broker.conf").read_text()
    assert ours.startswith("Match User made-up-member\n")
    assert "Match User no-such-account\n  AuthorizedKeysFile /keys/%u\n  ForceCommand" in ours


def test_an_answer_that_sshd_does_not_give_is_the_problem(tmp_path: Path) -> None:
    (tmp_path / "sshd_config.d").mkdir()
    (tmp_path / "sshd_config").write_text("Port many\n")
    login = drop_ins.Login("anna", {"dataread"}, "anna")
    problems = drop_ins.differences(lambda _: (255, "", "x\nline 1: Badly\n"), login, {}, tmp_path)
    assert list(problems) == ["line 1: Badly"]
